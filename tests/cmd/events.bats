# events: what is said of containers, images and volumes. The lines are podman 4.3.1's.
load helper

setup() {
	fresh_store
	ROOT=$BATS_TEST_TMPDIR/root
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,etc}
	cp "$(command -v busybox)" "$ROOT/bin/busybox"
	for a in sh sleep true false; do ln -s busybox "$ROOT/bin/$a"; done
}
teardown() {
	[ -z "${FOLLOWER-}" ] || kill "$FOLLOWER" 2>/dev/null || :
	remove_containers
	remove_tree "$BATS_TEST_TMPDIR"/{root,store,run}
}

start() { "$CORACLE" run -d --network none --name "$1" "${@:2}" --rootfs "$ROOT" sleep 100 >/dev/null 3>&-; }
# FILTER...: what happened, as words
words() { "$CORACLE" events --stream=false --format '{{.Status}}' "${@/#/--filter=}" | tr '\n' ' '; }

@test "events: the life of a container" {
	"$CORACLE" run --rm --network none --name short --rootfs "$ROOT" sh -c 'exit 3' || :
	output=$(words container=short); says "create init start attach died remove "
	start one
	id=$("$CORACLE" inspect -f '{{.Id}}' one)
	c exec one true; c exec one false
	c rename one two
	c kill -s USR1 two; ok
	c pause two; ok
	c unpause two; ok
	c restart -t 0 two; ok
	c stop -t 0 two; ok
	c rm two; ok
	output=$(words "container=$id")
	says "create init start exec exec_died exec exec_died rename kill pause unpause restart stop died cleanup init start stop died cleanup remove "
	c events --stream=false --filter event=rename --filter event=kill --filter "container=${id:0:12}" --format '{{.Name}}'
	says $'two\ntwo'
	c events --stream=false --filter event=exec_died --format '{{.ContainerExitCode}}'
	says $'0\n1'
}

# Who made it is gone; something waits for it all the same.
@test "events: the end of an exec in the background" {
	c run -d --name box --network none "$BUSYBOX" sleep 100; ok
	c exec -d box sh -c 'exit 3'; ok
	died() { "$CORACLE" events --stream=false --filter event=exec_died --filter container=box --format '{{.ContainerExitCode}}' | grep -x "$1"; }
	eventually died 3
	c exec -d -t box sh -c 'echo seen; exit 4'; ok
	eventually died 4
	c exec -d box sleep 1000; ok
	c rm -f -t 0 box; ok
	left() { ! pgrep -u "$(id -u)" -x coracle-exec; }
	eventually left
}

@test "events: of a run that fails nothing is said; create, start and the restart policy" {
	c run --network none --rootfs "$ROOT" nosuch; fails 127
	output=$(words); says ""
	c create --network none --name later --restart on-failure:1 --rootfs "$ROOT" false; ok
	c start later; ok
	restarted() { [[ $(words) == "create init start died restart init start died cleanup " ]]; }
	eventually restarted
}

@test "events: health" {
	start sick --health-cmd false --health-interval disable --health-retries 1
	c healthcheck run sick; fails 1
	c events --stream=false --filter container=sick --filter event=health_status
	[[ $output == *" container health_status "*", name=sick, health_status=unhealthy)" ]] || no
	output=$(words); says "create init start health_status "
}

@test "events: images and volumes" {
	tar -C "$ROOT" -cf "$BATS_TEST_TMPDIR/root.tar" .
	id=$("$CORACLE" import -q "$BATS_TEST_TMPDIR/root.tar" localhost/i:1); id=${id#sha256:}
	c tag localhost/i:1 localhost/i:2; c untag localhost/i:1 localhost/i:2
	c save -q -o "$BATS_TEST_TMPDIR/i.tar" localhost/i:1; ok
	c rmi localhost/i:1; c load -q -i "$BATS_TEST_TMPDIR/i.tar"; ok
	c volume create v; c volume rm v; c volume create w; c volume prune -f
	c run --name c localhost/i:1 true; ok
	c commit -q c localhost/c; ok
	c export -o "$BATS_TEST_TMPDIR/c.tar" c; ok
	output=$(words type=image); says "import tag untag save untag remove loadfromarchive "
	output=$(words type=volume); says "create remove create remove prune "
	output=$(words container=c); says "create init start attach died cleanup commit export "
	c events --stream=false --filter image=localhost/i:1 --filter event=import
	[[ $output =~ ^20[0-9-]+\ [0-9:.]+\ \+0000\ UTC\ image\ import\ $id\ localhost/i:1$ ]] || no
	c events --stream=false --filter volume=v --filter event=create
	[[ $output == *" UTC volume create v" ]] || no
	c events --stream=false --filter image=localhost/i:2 --format json
	[[ ${lines[0]} =~ ^\{\"ID\":\"$id\",\"Name\":\"localhost/i:2\",\"Status\":\"tag\",\"Time\":\"20[0-9T:.-]+Z\",\"Type\":\"image\",\"Attributes\":null\}$ ]] || no
}

@test "events: labels, whole and short IDs, templates and JSON" {
	c create --network none --name l --label foo=bar --label 'odd="x' --rootfs "$ROOT" true; ok
	id=$output
	c events --stream=false
	[[ $output == *" container create $id (image=, name=l, foo=bar, odd=\"x)" ]] || no
	c events --stream=false --no-trunc=false
	[[ $output == *" container create ${id:0:12} (image=, name=l, "* ]] || no
	c events --stream=false --filter label=foo --format '{{.ID}}\t{{.Attributes.foo}} {{.Type}}'
	says "$id"$'\tbar container'
	c events --stream=false --filter label=foo=baz; ok; says ""
	cs events --stream=false --format '{{json .}}'; ok
	[[ $output == '{"ID":"'"$id"'","Name":"l","Status":"create","Time":"'*'","Type":"container","Attributes":{"foo":"bar","odd":"\"x"}}' ]] || no
	cs events --stream=false --format '{{.Nope}}'; fails 125 Nope
	cs events --filter nope=1; fails 125 'container='
	cs events --filter nope; fails 125 'with a value'
}

@test "events: since and until" {
	"$CORACLE" volume create a >/dev/null
	at=$("$CORACLE" events --stream=false --format json | sed 's/.*"Time":"\([^"]*\)".*/\1/')
	"$CORACLE" volume create b >/dev/null
	c events --stream=false --since "$at" --format '{{.Name}}'; says $'a\nb'
	c events --until "$at" --format '{{.Name}}'; says a
	c events --stream=false --since 1h --until "$at" --format '{{.Name}}'; says a
	c system events --stream=false --until 0 --format '{{.Name}}'; ok; says ""
	cs events --since yesterday; fails 125 'neither a time'
}

@test "events: a follower sees what happens, and ends when nobody reads it" {
	"$CORACLE" volume create before >/dev/null
	"$CORACLE" events --format '{{.Status}} {{.Name}}' >"$BATS_TEST_TMPDIR/seen" 3>&- &
	FOLLOWER=$!
	# It is there when it sees something.
	watching() { "$CORACLE" volume create >/dev/null; [ -s "$BATS_TEST_TMPDIR/seen" ]; }
	eventually watching
	"$CORACLE" run --rm --network none --name quick --rootfs "$ROOT" true
	eventually grep -qx "remove quick" "$BATS_TEST_TMPDIR/seen"
	output=$(grep quick "$BATS_TEST_TMPDIR/seen" | tr '\n' ' ')
	says "create quick init quick start quick attach quick died quick remove quick "
	run ! grep -q before "$BATS_TEST_TMPDIR/seen"
	kill "$FOLLOWER"
	wait "$FOLLOWER" || :
	FOLLOWER=
	# The pipe's reader takes one line and is gone; nothing else happens.
	output=$("$CORACLE" events --since 1h --format '{{.Name}}' 3>&- | head -1)
	says before
}

@test "events: a log that cannot be written stops nothing" {
	"$CORACLE" volume create a >/dev/null
	rm -rf "$CORACLE_ROOT/events"
	: >"$CORACLE_ROOT/events"
	c run --rm --network none --rootfs "$ROOT" true; ok
	cs events --stream=false; fails 125 'event log'
}
