#!/usr/bin/env bats
# What scripts written for podman see: the answers recorded here are podman 4.3.1's.

load helper

teardown() { remove_containers; }

@test "inspect finds a container, an image or a volume by name" {
	"$CORACLE" create --name box --network none busybox sleep 100 >/dev/null
	"$CORACLE" volume create compatvol >/dev/null
	cs inspect -f '{{.Name}} {{.State.Status}} {{.Config.Cmd}}' box
	ok && says "box created [sleep 100]"
	cs inspect -f '{{.Name}} {{.Driver}} {{.Scope}}' compatvol
	ok && says "compatvol local local"
	cs inspect -f '{{.Id}}' busybox
	ok && says "$(cat "$SUITE/busybox.id")"
	cs inspect --type volume box
	fails 125 "no such volume box"
	"$CORACLE" volume rm compatvol >/dev/null
}

@test "inspect of what nobody has prints an empty list and fails" {
	cs inspect nosuch
	fails 125 'inspecting object: no such object: "nosuch"' && says "[]"
	cs inspect --type image nosuch
	fails 125 'nosuch: image not known' && says "[]"
	cs inspect -f '{{.Id}}' busybox nosuch
	fails 125 'no such object' && says "$(cat "$SUITE/busybox.id")"
	cs inspect
	fails 125 "no names or ids specified"
}

@test "a working directory or user that the image lacks is status 126" {
	cs run --rm --network none -w /nosuch busybox pwd
	fails 126 'workdir "/nosuch" does not exist on container'
	cs run --rm --network none --user nosuch busybox id
	fails 126 'unable to find user nosuch: no matching entries in passwd file'
}

@test "a closed pipe is 141 for what fails to write, and a status of its own stays" {
	run bash -c '"$CORACLE" run --rm --network none busybox yes | head -1; exit "${PIPESTATUS[0]}"'
	[ "$status" = 141 ] || no "yes"
	run bash -c '"$CORACLE" run --rm --network none busybox sh -c "sleep 0.3; exit 5" | true; exit "${PIPESTATUS[0]}"'
	[ "$status" = 5 ] || no "exit 5"
}

@test "a program that does not read leaves what was typed to the next one" {
	run bash -c 'printf "a\nb\n" | ("$CORACLE" run -i --rm --network none busybox true; cat)'
	ok && says $'a\nb'
}

@test "ps filters since= and before=" {
	"$CORACLE" create --name first --network none busybox true >/dev/null
	"$CORACLE" create --name second --network none busybox true >/dev/null
	cs ps -a --filter since=first --format '{{.Names}}'
	ok && says second
	cs ps -a --filter before=second --format '{{.Names}}'
	ok && says first
	cs ps -a --filter since=nosuch
	fails 125 "no such container"
}

@test "inspect tells the entry point from the command" {
	"$CORACLE" pull -q "$LAYERS" >/dev/null
	"$CORACLE" create --name box --network none "$LAYERS" >/dev/null
	cs inspect -f '{{.Config.Cmd}}|{{.Config.Entrypoint}}|{{.Config.User}}|{{.Config.StopSignal}}|{{.Config.WorkingDir}}' box
	ok && says "[hello world]|/bin/echo|alice|2|/data"
	"$CORACLE" rm box >/dev/null
	"$CORACLE" create --name box --network none --entrypoint /bin/ls "$LAYERS" -l >/dev/null
	cs inspect -f '{{.Path}} {{.Args}}' box
	ok && says "/bin/ls [-l]"
}

@test "rmi -f of an image that is not here is no error" {
	cs rmi -f nosuch
	ok && says ""
	cs rmi nosuch
	fails 1 "nosuch: image not known"
}
