# commit.bats - containers to images and tars: commit, import, export.
load helper

setup() { fresh_store; cd "$BATS_TEST_TMPDIR" || return 1; "$CORACLE" pull -q "$BUSYBOX" >id; "$CORACLE" tag "$BUSYBOX" b; }
teardown() { remove_containers; remove_tree "$CORACLE_ROOT"; }

CHANGES='echo new >/new; chown 1000:50 /new; rm /etc/group; rm -r /home; mkdir /home; echo x >/home/x; chmod 4755 /new
ln /new /hard; ln -s new /soft; mkfifo /fifo; rm -r /root; touch -d @1500000000 /home/x'

changed() { "$CORACLE" run --name one b sh -c "$CHANGES"; }

# IMAGE: has what the container changed, and the rest.
has_changes() {
	[ "$("$CORACLE" run --rm "$1" sh -c 'cat /new /home/x; ls /home; stat -c "%a %u:%g %h" /new; readlink /soft
		test -p /fifo && echo pipe; stat -c %Y /home/x; ls -d /etc/group /root 2>/dev/null; test -x /bin/busybox && echo rest')" = \
	"$(printf 'new\nx\nx\n4755 1000:50 2\nnew\npipe\n1500000000\nrest')" ]
}

@test "commit: the changes are one more layer" {
	changed
	c commit -q one mine:1; ok; [[ $output =~ ^[0-9a-f]{64}$ ]] || no "not an ID"
	c image inspect mine:1 --format '{{len .RootFS.Layers}} {{.Id}}'; says "2 $("$CORACLE" images -q --no-trunc mine:1 | cut -d: -f2)"
	has_changes mine:1
	# Only that: nothing of the image's own is in the layer, and no mount points.
	"$CORACLE" save -q mine:1 | tar -x
	tar -tf "$("$CORACLE" image inspect mine:1 --format '{{index .RootFS.Layers 1}}' | cut -d: -f2).tar" | sort >listed
	[ "$(cat listed)" = "$(printf '%s\n' etc/ etc/.wh.group fifo hard home/ home/.wh..wh..opq home/x new .wh.root soft | sort)" ] || no "$(cat listed)"
	assert_clean_images
}

assert_clean_images() { [ -z "$(ls "$CORACLE_ROOT/tmp")" ] || no "left: $(ls "$CORACLE_ROOT/tmp")"; }

@test "commit is reproducible with SOURCE_DATE_EPOCH" {
	local a b
	changed
	a=$(SOURCE_DATE_EPOCH=1600000000 "$CORACLE" commit -q one)
	b=$(SOURCE_DATE_EPOCH=1600000000 "$CORACLE" commit -q one)
	[ "$a" = "$b" ]
	c image inspect "$a" --format '{{.Created.Unix}}' || :
	c image inspect "$a" --format '{{json .Created}}'; has "2020-09-13T12:26:40"
}

@test "commit: config of the container, --change, author, message, format, iidfile" {
	"$CORACLE" run --name one -e FROM=run -l of=run -w /tmp -u alice -v vol:/vol --entrypoint /bin/echo b hello there
	c commit -q -a me -m why -f docker --iidfile iid --include-volumes -c 'ENV A=1 B="x y"' -c 'LABEL l=2' -c EXPOSE=80 \
		-c 'CMD ["a","b"]' -c 'VOLUME /v1 /v2' -c STOPSIGNAL=SIGINT one cfg; ok
	[ "$(cat iid)" = "sha256:$output" ]
	c image inspect cfg --format '{{json .Config}}'
	[ "$(jq -c '[.Entrypoint, .Cmd, .User, .WorkingDir, .StopSignal, .Labels.of, .Labels.l, (.ExposedPorts|keys), (.Volumes|keys)]' <<<"$output")" = \
		'[["/bin/echo"],["a","b"],"alice","/tmp","SIGINT","run","2",["80/tcp"],["/v1","/v2","/vol"]]' ] || no "config"
	[ "$(jq -c '.Env - (.Env - ["A=1","B=x y","FROM=run"]) | sort' <<<"$output")" = '["A=1","B=x y","FROM=run"]' ] || no "env"
	[ "$(jq -r '.Env[]' <<<"$output" | grep -c '^HOSTNAME')" = 0 ]
	c image inspect cfg --format '{{.Author}} {{.ManifestType}} {{(index .History 1).Comment}}'; has "me application/vnd.docker.distribution.manifest.v2+json"
	c commit -q -c 'NONSENSE x' one; fails 125 "NONSENSE"
	c commit nothere; fails 125 "nothere"
	c commit one UPPER; fails 125 "UPPER"
}

@test "commit: --squash, a container that runs, one that never ran" {
	changed
	c commit -q --squash one flat; ok
	c image inspect flat --format '{{len .RootFS.Layers}} {{len .History}}'; says "1 1"
	has_changes flat
	"$CORACLE" run -d --name two b sh -c 'echo up >/up; exec sleep 1000' >/dev/null
	eventually test -s "$CORACLE_ROOT/containers/$("$CORACLE" ps -q --no-trunc -f name=two)/upper/up"
	c commit -q -p two live; ok
	c ps --filter name=two --format '{{.State}}'; says running
	[ "$("$CORACLE" run --rm live cat /up)" = up ]
	"$CORACLE" create --name three b >/dev/null
	c commit -q three same; ok
	[ "$("$CORACLE" run --rm same echo works)" = works ]
}

@test "export: all that a container has, to a file, a pipe, and back by import" {
	changed
	c export -o root.tar one; ok
	[ "$(tar --numeric-owner -tvf root.tar hard | awk '{print $1, $2}')" = "-rwsr-xr-x 1000/50" ]
	tar -tf root.tar | grep -qx bin/busybox
	[ "$(tar -tf root.tar | grep -cE '^(etc/group|root/)$|\.wh\.')" = 0 ]
	"$CORACLE" export one | cmp - root.tar
	c import -q -c 'CMD ["sh"]' -m why root.tar back:1; ok; [[ $output == sha256:* ]] || no "no ID"
	has_changes back:1
	c image inspect back:1 --format '{{len .RootFS.Layers}} {{.Architecture}} {{(index .History 0).Comment}}'; says "1 $(dpkg --print-architecture) why"
	gzip <root.tar | "$CORACLE" import -q --arch arm64 - >imported
	c image inspect "$(cut -d: -f2 imported)" --format '{{.Architecture}} {{len .RepoTags}}'; says "arm64 0"
	"$CORACLE" run -d --name two b sleep 1000 >/dev/null
	"$CORACLE" export two | tar -t >listed
	grep -qx bin/busybox listed
}

@test "the other drivers: fuse as overlay does, vfs as a whole only" {
	local d program=$CORACLE
	for d in fuse vfs; do
		printf '#!/bin/sh\nexec "%s" --storage-driver %s "$@"\n' "$program" "$d" >"$d.sh"
		chmod +x "$d.sh"
		CORACLE=$PWD/$d.sh
		changed
		[ "$("$CORACLE" export one | tar --numeric-owner -tv hard | awk '{print $1, $2}')" = "-rwsr-xr-x 1000/50" ]
		c commit -q one made
		[ "$d" = fuse ] || { fails 125 "use --squash"; c commit -q --squash one made; }
		ok
		has_changes made
		remove_containers
	done
}

@test "bad use of import and export is told, and nothing is left" {
	changed
	c export nothere; fails 125 "nothere"
	output=$(script -qec "$CORACLE export one" /dev/null </dev/null) || :
	has "refusing to export to terminal"
	c import nothere.tar; fails 125 "nothere.tar"
	c import https://localhost:1/x.tar; fails 125 "https://localhost:1/x.tar"
	head -c 100000 /dev/urandom >junk
	c import junk; fails 125 "junk"
	c import . dir; fails 125 "."
	c import junk UPPER; fails 125 "UPPER"
	c images -q --filter dangling=true; says ""
	assert_clean_images
}

# A web server of what is in DIR; /away leads to the file, /loop to itself, /short ends early.
serve_web() {
	python3 - "$1" >"$BATS_TEST_TMPDIR/web.log" 2>&1 3>&- <<-'P' &
	import http.server, os, sys
	os.chdir(sys.argv[1])
	class H(http.server.SimpleHTTPRequestHandler):
	    def do_GET(self):
	        if self.path in ("/away", "/loop", "/odd"):
	            self.send_response(302)
	            self.send_header("Location", {"/away": "/root.tar", "/loop": "/loop", "/odd": "file:///etc/passwd"}[self.path])
	            self.send_header("Content-Length", "0"); self.end_headers()
	        elif self.path == "/short":
	            data = open("root.tar", "rb").read()
	            self.send_response(200); self.send_header("Content-Length", str(len(data))); self.end_headers()
	            self.wfile.write(data[:len(data) // 2])
	        else:
	            super().do_GET()
	s = http.server.HTTPServer(("127.0.0.1", 0), H)
	open("port.new", "w").write(str(s.server_address[1])); os.rename("port.new", "port")
	s.serve_forever()
	P
	WEB_PID=$!
	eventually test -e "$1/port"
	WEB=http://127.0.0.1:$(cat "$1/port")
}

@test "import from the web: redirects, what is missing, what ends early" {
	local d=$BATS_TEST_TMPDIR/web bad
	mkdir -p "$d/tree/etc"
	echo hello >"$d/tree/etc/greeting"
	tar -C "$d/tree" -cf "$d/root.tar" .
	serve_web "$d"
	c import -q "$WEB/root.tar" web; ok
	c import -q "$WEB/away" web2; ok
	for bad in missing:404 loop:redirects odd:address short:"$WEB/short"; do
		c import -q "$WEB/${bad%%:*}" bad
		fails 125 "${bad#*:}"
		[ "${#lines[@]}" = 1 ] || no "more than one line"
	done
	kill "$WEB_PID"
	c image history --format '{{.Comment}}' web; says "Imported from $WEB/root.tar"
	c images -q bad; says ""
	[ "$("$CORACLE" save web | tar -xO --wildcards '*.tar' | tar -xO ./etc/greeting)" = hello ]
	assert_clean
}
