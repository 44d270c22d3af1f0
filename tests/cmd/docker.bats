# docker.bats - what scripts written for docker parse: --compat docker, and the program's name.

load helper

setup() {
	mkdir -p "$BATS_TEST_TMPDIR/bin"
	ln -s "$CORACLE" "$BATS_TEST_TMPDIR/bin/docker"
	# coracle-image is looked for beside the program
	D=$BATS_TEST_TMPDIR/bin/docker
}

teardown() { remove_containers; "$CORACLE" volume rm -f dvol >/dev/null 2>&1 || :; }

# COMMAND...: as docker.
d() {
	status=0
	output=$("$D" "$@" 2>&1) || status=$?
}

# FILTER EXPECTED
is() { [ "$(jq -c "$1" <<<"$output")" = "$2" ] || no "$1 is $(jq -c "$1" <<<"$output")"; }

@test "docker: JSON lines of ps" {
	"$CORACLE" create --name one --network none --label a=b --label c=d -v dvol:/v -v /tmp:/t busybox sleep 100 >/dev/null
	"$CORACLE" create --name two --network none busybox true >/dev/null
	d ps -a --format json
	ok
	[ "$(wc -l <<<"$output")" = 2 ] || no "not a line each"
	output=$(jq -c 'select(.Names == "one")' <<<"$output")
	is keys '["Command","CreatedAt","ID","Image","Labels","LocalVolumes","Mounts","Names","Networks","Ports","RunningFor","Size","State","Status"]'
	is '[.Command, .Labels, .LocalVolumes, .Mounts, .Networks, .Size, .State, .Status]' \
		'["\"sleep 100\"","org.example.test=yes,a=b,c=d","1","dvol,/tmp","none","0B","created","Created"]'
	[[ $(jq -r .CreatedAt <<<"$output") =~ ^[0-9-]{10}\ [0-9:]{8}\ [+]0000\ UTC$ ]] || no "CreatedAt"
	d ps -a --format '{{json .}}'
	[ "$(wc -l <<<"$output")" = 2 ] || no "not a line each"
	d ps -a --filter name=one --format '{{.Labels}} {{.Command}}'
	says 'org.example.test=yes,a=b,c=d "sleep 100"'
	cs --compat docker ps -a --filter name=one --format '{{.Labels}} {{.Command}}'
	says 'org.example.test=yes,a=b,c=d "sleep 100"'
	d ps -a -q --filter name=one
	[ "${#output}" = 12 ] || no "an ID"
	cs ps -a --format '{{.Labels}}' --filter name=one
	says 'map[a:b c:d org.example.test:yes]'
}

@test "docker: JSON lines of images, volume ls, history, stats" {
	"$CORACLE" tag busybox docker.io/library/dimage:1
	d images --format json dimage
	is keys '["Containers","CreatedAt","CreatedSince","Digest","ID","Repository","SharedSize","Size","Tag","UniqueSize","VirtualSize"]'
	is '[.Repository, .Tag, .SharedSize]' '["dimage","1","N/A"]'
	d images --format '{{.Repository}}:{{.Tag}}' dimage
	says dimage:1
	"$CORACLE" untag busybox docker.io/library/dimage:1
	"$CORACLE" volume create --label a=b dvol >/dev/null
	d volume ls --format json
	is '[.Name, .Driver, .Labels, .Scope, .Size]' '["dvol","local","a=b","local","N/A"]'
	d history --format json "$BUSYBOX"
	output=$(head -n 1 <<<"$output")
	is keys '["Comment","CreatedAt","CreatedBy","CreatedSince","ID","Size"]'
	"$CORACLE" run -d --name up --network none busybox sleep 100 >/dev/null
	output=$("$D" stats --no-stream --format json)
	is keys '["BlockIO","CPUPerc","Container","ID","MemPerc","MemUsage","Name","NetIO","PIDs"]'
	is '[.Name, .NetIO, .PIDs]' '["up","0B / 0B","1"]'
}

@test "docker: info and version" {
	output=$("$D" info --format json)
	[ "$(wc -l <<<"$output")" = 1 ] || no "not one line"
	is '[.OSType, .DockerRootDir, .Containers, .Driver | type]' '["string","string","number","string"]'
	is .DockerRootDir "\"$CORACLE_ROOT\""
	is '.NCPU' "$(getconf _NPROCESSORS_ONLN)"
	output=$("$D" info --format '{{.ServerVersion}} {{.OSType}}')
	says "$("$CORACLE" version -f '{{.Client.Version}}') linux"
	d version --format json
	is '[.Client.Os, .Server.Os]' '["linux","linux"]'
	d version --format '{{.Server.Version}}'
	ok
}

@test "docker: inspect" {
	"$CORACLE" create --name one --network none -v dvol:/v -v /tmp:/t:ro --entrypoint '["sleep","5"]' --stop-signal INT \
		-p 8089:80 busybox 7 >/dev/null
	d inspect one
	is '.[0] | [.Name, .Platform, .ExecIDs, .Config.Entrypoint, .Config.Cmd, .Config.StopSignal]' \
		'["/one","linux",null,["sleep","5"],["7"],"SIGINT"]'
	is '.[0].HostConfig | [.Binds, .CapAdd]' '[["dvol:/v","/tmp:/t:ro"],null]'
	is '.[0].State.Health' null
	is '.[0].Mounts | map(has("Name"))' '[true,false]'
	[[ $(jq -r '.[0].Image' <<<"$output") == sha256:* ]] || no "Image"
	d inspect -f '{{.Name}} {{.State.Status}}' one
	says "/one created"
	d image inspect busybox
	is '.[0].RepoTags | map(select(. == "busybox:latest"))' '["busybox:latest"]'
	[[ $(jq -r '.[0].Id' <<<"$output") == sha256:* ]] || no "Id"
	d volume inspect dvol
	is '.[0] | [.Name, .Labels, .Options]' '["dvol",null,null]'
	cs inspect -f '{{.Name}}' one
	says one
}

@test "docker: in coracle.conf, and what is not a tool" {
	printf '[coracle]\ncompat = docker\n' >"$BATS_TEST_TMPDIR/conf"
	"$CORACLE" create --name one --network none --label a=b busybox true >/dev/null
	cs --config "$BATS_TEST_TMPDIR/conf" ps -a --format '{{.Labels}}'
	says org.example.test=yes,a=b
	cs --config "$BATS_TEST_TMPDIR/conf" --compat podman ps -a --format '{{.Labels}}'
	says 'map[a:b org.example.test:yes]'
	cs --compat crane ps
	fails 125 "podman|docker"
}
