# images.bash - images made on the spot, in an OCI layout, without any tool of ours.

# DIR LAYOUT:TAG is made with umoci from a directory tree; OWNER stays the user's (rootless).
image_new() {
	local layout=$1 tag=$2
	[ -e "$layout/index.json" ] || umoci init --layout "$layout"
	umoci new --image "$layout:$tag"
}

# LAYOUT TAG TAR...: append finished tar files as layers.
image_add_layers() {
	local layout=$1 tag=$2 t
	shift 2
	for t; do
		umoci raw add-layer --image "$layout:$tag" "$t"
	done
}

# A tar of a directory as root would have made it.
root_tar() {
	tar -C "$1" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@1600000000 -cf "$2" .
}

# LAYOUT: busybox:latest - one layer, every applet a link, a passwd with root and two users.
image_busybox() {
	local d
	d=$(mktemp -d)
	mkdir -p "$d"/{bin,etc,tmp,root,home/alice,var/tmp,usr/bin,proc,sys,dev,run}
	cp "$(command -v busybox)" "$d/bin/busybox"
	"$d/bin/busybox" --list | grep -vx busybox | while read -r a; do ln -s busybox "$d/bin/$a"; done
	printf 'root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' \
		>"$d/etc/passwd"
	printf 'root:x:0:\nalice:x:1000:\nstaff:x:50:alice\nnogroup:x:65534:\n' >"$d/etc/group"
	chmod 755 "$d"
	chmod 1777 "$d/tmp" "$d/var/tmp"
	root_tar "$d" "$d.tar"
	image_new "$1" busybox
	image_add_layers "$1" busybox "$d.tar"
	umoci config --image "$1:busybox" --config.cmd sh --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		--config.label org.example.test=yes
	chmod -R u+w "$d"
	rm -rf "$d" "$d.tar"
}

# LAYOUT: layers:latest - busybox and three layers above: changes, whiteouts, an opaque directory, users, a volume.
image_layers() {
	local d i
	umoci tag --image "$1:busybox" layers
	d=$(mktemp -d)
	mkdir -p "$d/1/data/keep" "$d/1/data/gone" "$d/1/opaque" "$d/2/data" "$d/2/opaque" "$d/3/data/keep"
	echo one >"$d/1/data/one"; echo old >"$d/1/data/changed"; echo x >"$d/1/data/gone/x"; echo hidden >"$d/1/opaque/hidden"
	ln "$d/1/data/one" "$d/1/data/keep/link"
	: >"$d/2/data/.wh.gone"; echo new >"$d/2/data/changed"; : >"$d/2/opaque/.wh..wh..opq"; echo shown >"$d/2/opaque/shown"
	mkdir -p "$d/3/vol"; echo seed >"$d/3/vol/seed"; echo three >"$d/3/data/keep/three"
	for i in 1 2 3; do
		root_tar "$d/$i" "$d/$i.tar"
	done
	image_add_layers "$1" layers "$d/1.tar" "$d/2.tar" "$d/3.tar"
	umoci config --image "$1:layers" --config.volume /vol --config.workingdir /data --config.user alice \
		--config.entrypoint /bin/echo --config.cmd hello --config.cmd world --config.exposedports 80/tcp --config.stopsignal SIGINT
	rm -rf "$d"
}

# LAYOUT: debian:latest - a real Debian with python3 and a compiler in several layers, 300 MB or more.
image_debian() {
	local d mirror
	d=$(mktemp -d)
	mmdebstrap --quiet --mode=unshare --variant=minbase --include=python3-minimal,gcc,libc6-dev bookworm "$d/all.tar" >"$d/log" 2>&1 ||
		{ tail -n 5 "$d/log" >&2; return 1; }
	python3 - "$d/all.tar" "$d" <<'P'
# Cut one tar into three layers: /usr/lib, the rest of /usr, everything else.
import sys, tarfile
src = tarfile.open(sys.argv[1])
out = [tarfile.open(f"{sys.argv[2]}/{i}.tar", "w", format=tarfile.PAX_FORMAT) for i in range(3)]
for m in src:
    if m.name.startswith("./dev/"):
        continue
    i = 1 if m.name.startswith("./usr/lib/") else 2 if m.name.startswith("./usr/") else 0
    if m.islnk() and (1 if m.linkname.startswith("./usr/lib/") else 2 if m.linkname.startswith("./usr/") else 0) != i:
        m2 = src.getmember(m.linkname); f = src.extractfile(m2)
        m2 = tarfile.TarInfo(m.name); m2.size = src.getmember(m.linkname).size; m2.mode = m.mode
        out[i].addfile(m2, f); continue
    out[i].addfile(m, src.extractfile(m) if m.isreg() else None)
for o in out:
    o.close()
P
	image_new "$1" debian
	image_add_layers "$1" debian "$d/0.tar" "$d/1.tar" "$d/2.tar"
	umoci config --image "$1:debian" --config.cmd bash --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	rm -rf "$d"
}
