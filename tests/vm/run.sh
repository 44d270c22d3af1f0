#!/bin/bash
# run.sh BUILD [KERNEL]... - run coracle under other kernels: accept.sh in a virtual machine each, as an ordinary user
# with a real systemd session. TAP on standard output; the status says whether all passed.
#
# KERNEL is one of vm-run's (uml, 5.10, 6.1, 6.12), with "+v1" for the hybrid cgroup set-up, "+one" for a user without
# subordinate ids; all that are of interest by default. The libraries that the programs need travel with them, so
# that VMRUN_SUITE=trixie works with a build of this machine. Needs, beside what vm-run needs: docker-registry, skopeo,
# busybox-static, python3.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "${1:?usage: run.sh BUILD [KERNEL]...}" && pwd)
shift
export SUITE
SUITE=$(mktemp -d)
share=$SUITE/share
trap 'kill $(cat "$SUITE"/registry-*/pid 2>/dev/null) 2>/dev/null || :; rm -rf "$SUITE"' EXIT
mkdir -p "$share"/{bin,lib}
chmod 755 "$SUITE" "$share"

cp "$build"/coracle "$build"/coracle-image "$build"/coracle-init "$share/bin/"
cp "$(command -v docker-registry)" "$share/bin/"
ldd "$share"/bin/coracle{,-image} | awk '$3 ~ "^/" { print $3 }' | sort -u |
	grep -vE '/(libc|libm|libresolv|libdl|libpthread)\.so' | xargs cp -t "$share/lib"
# What is loaded only where it is needed.
for lib in libslirp.so.0 libfuse3.so.3; do
	file=$(PATH=$PATH:/sbin ldconfig -p | awk -v l=$lib '$1 == l { print $NF; exit }')
	{ echo "$file"; ldd "$file" | awk '$3 ~ "^/" && $3 !~ "/(libc|libm|libresolv|libdl|libpthread)[.]so" { print $3 }'; } |
		xargs cp -t "$share/lib"
done
cp "$here/accept.sh" "$share/"

# Images: busybox, and one of 140 layers on top of it.
layout=$SUITE/images
source "$here/../cmd/images.bash"
source "$here/../cmd/registry.bash"
image_busybox "$layout" >/dev/null
python3 - "$layout" 140 <<'P'
import gzip, hashlib, io, json, sys, tarfile
root, count = sys.argv[1], int(sys.argv[2])
def path(digest): return f"{root}/blobs/{digest.replace(':', '/')}"
def put(data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    open(path(digest), "wb").write(data)
    return digest
index = json.load(open(f"{root}/index.json"))
manifest = json.load(open(path(index["manifests"][0]["digest"])))
config = json.load(open(path(manifest["config"]["digest"])))
for i in range(1, count):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for name, text in ((f"many/{i}", f"{i}\n"), ("many/last", f"{i}\n")):
            m = tarfile.TarInfo(name); m.size = len(text)
            t.addfile(m, io.BytesIO(text.encode()))
        if i > 1:
            t.addfile(tarfile.TarInfo(f"many/.wh.{i - 1}"))
    plain = out.getvalue(); packed = gzip.compress(plain, mtime=0)
    config["rootfs"]["diff_ids"].append("sha256:" + hashlib.sha256(plain).hexdigest())
    manifest["layers"].append({"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                               "digest": put(packed), "size": len(packed)})
config.pop("history", None)
data = json.dumps(config).encode()
manifest["config"] |= {"digest": put(data), "size": len(data)}
data = json.dumps(manifest).encode()
index["manifests"].append({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": put(data),
                           "size": len(data), "annotations": {"org.opencontainers.image.ref.name": "many"}})
json.dump(index, open(f"{root}/index.json", "w"))
P
registry_certificates "$SUITE/tls"
registry_start open
for tag in busybox many; do
	registry_push "$layout:$tag" "$REGISTRY_OPEN/$tag:latest"
done
kill "$(cat "$SUITE/registry-open/pid")"
cp -r "$SUITE/registry-open/data" "$share/registry"
chmod -R a+rX "$share"

status=0
[ $# -gt 0 ] || set -- uml uml+one 6.12 6.1 6.1+v1 5.10
for what; do
	kernel=${what%%+*}
	echo "# $what"
	append=
	case $what in *+v1*) append=systemd.unified_cgroup_hierarchy=0 ;; esac
	VMRUN_SHARE=$share VMRUN_TIMEOUT=${VMRUN_TIMEOUT:-400} VMRUN_MEM=${VMRUN_MEM:-1536} VMRUN_APPEND="$append ${VMRUN_APPEND-}" \
		VMRUN_AS=$([[ $what = *+one* ]] && echo root || echo tester) \
		"$here/vm-run" "$kernel" "$share/accept.sh" "$what" || status=1
done
exit $status
