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

@test "a template that begins with a range is of each object, but for a range over all" {
	"$CORACLE" create --name box --network none -v /etc:/e -v /tmp:/t busybox >/dev/null
	cs inspect --format '{{range .Mounts}}{{.Source}} {{end}}' box
	ok && says "/etc /tmp "
	cs inspect --format '{{range $i, $m := .Mounts}}{{$i}}{{$m.Destination}} {{end}}' box box
	ok && says $'0/e 1/t \n0/e 1/t '
	cs ps -a --format '{{ range . }}{{.Names}} {{end}}'
	ok && says "box "
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

# What podman 4 prints for the same templates, but for ids and times.
@test "templates of ps, images, volume ls and history have podman's values" {
	local time='20[0-9-]+ [0-9:.]+ [+]0000 UTC'
	"$CORACLE" create --name entry --label a=b "$LAYERS" hi there
	cs ps -a --format '{{.Labels}}|{{index .Labels "a"}}|{{.Command}}|{{len .ImageID}}'
	says "map[a:b org.example.test:yes]|b|hi there|12"
	cs ps -a --format '{{json .Labels}}'
	[ "$(jq -cS . <<<"$output")" = '{"a":"b","org.example.test":"yes"}' ] || no "labels as JSON"
	cs ps -a --format '{{.CreatedAt}}'
	[[ $output =~ ^$time$ ]] || no "CreatedAt"
	cs ps -a --format json
	[ "$(jq -c '.[0].Command' <<<"$output")" = '["hi","there"]' ] || no "Command"
	cs images --format '{{len .ID}} {{len .Id}} {{.History}} {{.ReadOnly}}' "$LAYERS"
	says "12 64 $LAYERS:latest false"
	cs images --format '{{.CreatedAt}}' "$LAYERS"
	[[ $output =~ ^$time$ ]] || no "CreatedAt of an image"
	cs history --format '{{.CreatedAt}}' "$LAYERS"
	[[ ${lines[0]} =~ ^$time$ ]] || no "CreatedAt of history"
	cs volume ls --format '{{.CreatedAt}}'
	[[ ${lines[0]} =~ ^$time$ ]] || no "CreatedAt of a volume"
	ln -s "$CORACLE" "$BATS_TEST_TMPDIR/docker"
	output=$("$BATS_TEST_TMPDIR/docker" ps -a --format '{{.Labels}}')
	says "org.example.test=yes,a=b"
}

@test "info: Go names as podman's, and what each value came from" {
	cs info -f '{{.Host.Security.Rootless}} {{.Store.GraphRoot}} {{.Host.OCIRuntime.Name}}'
	says "true $CORACLE_ROOT coracle"
	cs info -f '{{.Host.CgroupsVersion}} {{.Version.Version}} {{.Host.Distribution.Distribution}} {{.Host.IDMappings.UIDMap}}'
	ok
	[[ $output == v[12]\ *map\[* ]] || no "names"
	printf '[coracle]\nlog-level = error\n' >"$BATS_TEST_TMPDIR/conf"
	cs --config "$BATS_TEST_TMPDIR/conf" --storage-driver vfs info -f json
	from() { jq -r ".configuration.settings[] | select(.name == \"$1\") | .value + \" \" + .from" <<<"$output"; }
	[[ $(from log-level) == "error $BATS_TEST_TMPDIR/conf"* ]] || no "log-level: $(from log-level)"
	[ "$(from storage-driver)" = "vfs the command line" ] || no "driver: $(from storage-driver)"
	[ "$(from root)" = "$CORACLE_ROOT CORACLE_ROOT" ] || no "root: $(from root)"
	[ "$(from SSL_CERT_FILE)" = "$SSL_CERT_FILE the environment" ] || no "environment"
}

@test "container inspect has what scripts ask for" {
	"$CORACLE" create --name full -p 8091:80 -v full-volume:/vv:ro,rslave -v /etc:/hetc:ro --cap-add SYS_ADMIN \
		--cap-drop CHOWN --tmpfs /tt:size=1m --security-opt no-new-privileges --ulimit nofile=10:20 --shm-size 1m \
		--dns 1.1.1.1 --add-host a:1.2.3.4 --device /dev/fuse --pid host -w /tmp -u alice --cidfile "$BATS_TEST_TMPDIR/cid" \
		--umask 077 --oom-score-adj 100 --entrypoint '["sh", "-c"]' "$BUSYBOX" 'exit 3' x
	cs inspect full
	ok
	expect() { [ "$(jq -c ".[0].$1" <<<"$output")" = "$2" ] || no "$1 is $(jq -c ".[0].$1" <<<"$output")"; }
	expect Config.Entrypoint '"sh -c"'
	expect Config.Cmd '["exit 3","x"]'
	expect Config.Umask '"0077"'
	expect EffectiveCaps '["CAP_SYS_ADMIN"]'
	expect HostConfig.CapAdd '["CAP_SYS_ADMIN"]'
	expect HostConfig.CapDrop '["CAP_CHOWN"]'
	expect 'BoundingCaps | length' 11
	expect HostConfig.ShmSize 1048576
	expect HostConfig.PidMode '"host"'
	expect HostConfig.IpcMode '"shareable"'
	expect HostConfig.SecurityOpt '["no-new-privileges"]'
	expect HostConfig.Ulimits '[{"Name":"RLIMIT_NOFILE","Soft":10,"Hard":20}]'
	expect HostConfig.Dns '["1.1.1.1"]'
	expect HostConfig.ExtraHosts '["a:1.2.3.4"]'
	expect HostConfig.OomScoreAdj 100
	expect HostConfig.ContainerIDFile "\"$BATS_TEST_TMPDIR/cid\""
	expect HostConfig.Devices[0].PathInContainer '"/dev/fuse"'
	expect 'HostConfig.Tmpfs["/tt"]' '"rw,rprivate,nosuid,nodev,size=1m,tmpcopyup"'
	expect 'HostConfig.Binds[1]' '"/etc:/hetc:rbind,ro,rprivate,nosuid,nodev"'
	expect 'Mounts | length' 2
	expect 'Mounts[0] | [.Type, .Name, .Driver, .RW, .Propagation, .Options]' \
		'["volume","full-volume","local",false,"rslave",["rbind","nosuid","nodev"]]'
	expect 'NetworkSettings | [.IPAddress, .Ports]' '["",{"80/tcp":[{"HostIp":"","HostPort":"8091"}]}]'
	"$CORACLE" rm full
	"$CORACLE" volume rm full-volume
}
