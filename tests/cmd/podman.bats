# podman.bats - the same command lines given to coracle and to Debian's podman: what is printed and the exit status are
# the same, or the difference is listed here with its reason.
#
# podman runs with `coracle oci` as its runtime, so that the machine needs no other. What is made equal before comparing:
# IDs, times and ages, runs of spaces (columns are as wide as their widest cell), and sizes of images (podman counts the
# bytes of layers' tars with headers and padding, we count those of files). Of errors only that there is one is compared:
# the texts that scripts look for are in compat.bats and in the commands' own tests.

# What is compared does not depend on how the program was compiled, and takes its time.
# bats file_tags=plain

load helper

setup_file() {
	# The differences below are those to podman 4.3, Debian 12's.
	case $(podman --version 2>/dev/null) in "podman version 4.3."*) ;; *) return 0 ;; esac
	export BOTH=$BATS_FILE_TMPDIR
	mkdir -p -m 700 "$BOTH/run" "$BOTH/home"
	printf '#!/bin/sh\nexec %s oci "$@"\n' "$CORACLE" >"$BOTH/coracle-oci"
	printf '#!/bin/sh\nexec podman --root %s/podman --runroot %s/prun --storage-driver vfs --runtime %s/coracle-oci \\\n\t--cgroup-manager cgroupfs --events-backend none "$@"\n' \
		"$BOTH" "$BOTH" "$BOTH" >"$BOTH/podman.sh"
	chmod +x "$BOTH/coracle-oci" "$BOTH/podman.sh"
	environment
	mkdir -p "$BOTH/root/bin" "$BOTH/root/tmp" "$BOTH/root/etc"
	cp /bin/busybox "$BOTH/root/bin/"
	for name in sh true false cat sleep echo id env pwd; do ln -s busybox "$BOTH/root/bin/$name"; done
	echo root:x:0:0:root:/root:/bin/sh >"$BOTH/root/etc/passwd"
	tar -C "$BOTH/root" -cf - . | "$BOTH/podman.sh" import -q - img >/dev/null 2>"$BOTH/why" || return 0
	"$BOTH/podman.sh" save -q -o "$BOTH/img.tar" img 2>"$BOTH/why" || return 0
	touch "$BOTH/works"
}

environment() { export XDG_RUNTIME_DIR=$BOTH/run HOME=$BOTH/home CORACLE_ROOT=$BOTH/coracle; }

setup() {
	[ -e "${BOTH-/nowhere}/works" ] || skip "there is no podman 4.3 that runs here: $(cat "${BOTH-}/why" 2>/dev/null)"
	environment
	both load -q -i "$BOTH/img.tar"
}

teardown() {
	[ -e "${BOTH-/nowhere}/works" ] || return 0
	environment
	both rm -fa -t 0
	both volume rm -fa
	both rmi -fa
}

teardown_file() {
	[ -n "${BOTH-}" ] || return 0
	environment
	# podman leaves a process that keeps its user namespace.
	kill "$(cat "$BOTH/run/libpod/tmp/pause.pid")" 2>/dev/null || :
	remove_tree "$BOTH"/*
}

# What no container of a user without cgroups and with low limits can do without, here.
HOW=(--network none --ulimit nofile=1000:1000 --ulimit nproc=1000:1000)

equalize() {
	sed -E -e 's/\b[0-9a-f]{64}\b/ID/g; s/\b[0-9a-f]{12}\b/SHORT/g' -e 's/[0-9.]+ ?[kMG]?B\b/SIZE/g' \
		-e 's/(Less than a second|About a minute|About an hour|[0-9]+ (second|minute|hour)s?)( ago)?/AGE/g' \
		-e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( ?[+-][0-9:]+)?( [A-Z]+|Z)?/TIME/g' -e 's/ +/ /g; s/ $//'
}

# WORDS...: run both; P_STATUS, C_STATUS, and $BOTH/p.out, p.err, c.out, c.err.
both() {
	P_STATUS=0 C_STATUS=0
	"$BOTH/podman.sh" "$@" </dev/null >"$BOTH/p.out" 2>"$BOTH/p.err" 3>&- 4>&- || P_STATUS=$?
	"$CORACLE" "$@" </dev/null >"$BOTH/c.out" 2>"$BOTH/c.err" 3>&- 4>&- || C_STATUS=$?
	# about the machine, not the command
	sed -i '/level=warning/d' "$BOTH/p.err"
	equalize <"$BOTH/p.out" >"$BOTH/p.equal"
	equalize <"$BOTH/c.out" >"$BOTH/c.equal"
}

noisy() { [ -s "$BOTH/$1.err" ] && echo yes || echo no; }

is_same() { [ "$P_STATUS" = "$C_STATUS" ] && cmp -s "$BOTH/p.equal" "$BOTH/c.equal" && [ "$(noisy p)" = "$(noisy c)" ]; }

# WORDS...: both say the same.
same() {
	both "$@"
	is_same && return
	echo "not the same: $*"
	echo "status: podman $P_STATUS, coracle $C_STATUS"
	diff "$BOTH/p.equal" "$BOTH/c.equal"
	head -n 3 "$BOTH/p.err" "$BOTH/c.err"
	return 1
}

# STATUS WHY WORDS...: they differ, on purpose: ours ends with STATUS.
differs() {
	local status=$1 why=$2
	shift 2
	both "$@"
	[ "$C_STATUS" = "$status" ] || no "$*: status is $C_STATUS, not $status: $(cat "$BOTH/c.err")"
	! is_same || no "$*: no difference any more; it was listed because $why"
}

# The image and two containers: `still` was only created, `done` has ended with 3.
two() {
	same create --name still "${HOW[@]}" --label a=b --label c=d -e X=y img sleep 100
	same run --name done "${HOW[@]}" img sh -c 'echo out; echo err >&2; exit 3'
}

@test "podman: ps" {
	two
	same ps
	same ps -a
	same ps -a --no-trunc
	same ps -aq
	same ps -aq --no-trunc
	same ps -a --noheading
	same ps -ap
	same ps -as --filter name=still
	same ps -a --ns --filter name=nosuch
	same ps -a --format '{{.ID}}|{{.Image}}|{{.ImageID}}|{{.Command}}|{{.CreatedAt}}|{{.Created}}|{{.RunningFor}}|{{.Status}}'
	same ps -a --format '{{.Ports}}|{{.Names}}|{{.Labels}}|{{.Networks}}|{{.Pod}}|{{.PodName}}|{{.ExitCode}}|{{.Exited}}|{{.IsInfra}}'
	same ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.ID}}'
	same ps -a --format '{{range .}}{{.Names}};{{end}}'
	same ps -a --filter name=still --format '{{.Names}}'
	same ps -a --filter status=created --format '{{.Names}}'
	same ps -a --filter exited=3 --format '{{.Names}}'
	same ps -a --filter label=a --filter label=c=d --format '{{.Names}}'
	same ps -a --filter status=nosuch
	same ps -a --filter nosuch=1
	same ps -a --sort names --format '{{.Names}}'
	same ps -a --sort nosuch
	same ps -n 1 --format '{{.Names}}'
	same ps -l --format '{{.Names}}'
	same ps -a --format '{{.Nosuch}}'
	same ps --last
	same ps extra
	same ps --nosuch
	differs 0 "podman 4 prints \"Created\" where its later versions print \"created\"" ps -a --format '{{.State}}'
	differs 0 "podman 4 compares ancestor= with whole names only; its manual does not" ps -a --filter ancestor=img -q
}

@test "podman: JSON of ps, images and inspect has podman's keys" {
	two
	# COMMAND...: every path of podman's JSON is in ours, but for those of KEYS.
	paths() { jq -r "$1"' | paths | map(if type == "number" then "N" else . end) | join(".")' <"$BOTH/$2.out" | sort -u; }
	has_keys() {
		local but=$1 what=$2 missing
		shift 2
		both "$@"
		missing=$(comm -23 <(paths "$what" p) <(paths "$what" c) | grep -vxE "$but" || :)
		[ -z "$missing" ] || no "$*: not there: $missing"
	}
	has_keys none '.[0]' ps -a --format json
	has_keys none '.[0]' images --format json
	has_keys none '.[0]' image inspect img
	has_keys none '.[0]' history --format json img
	# The annotations are podman's notes to itself. We list only capabilities that the user dropped, podman all that are not
	# there. There is no --passwd=false, and no --sdnotify that podman could have been told of.
	has_keys 'Config.Annotations..*|HostConfig.CapDrop.N|Config.Passwd|Config.sdNotifyMode' '.[0]' \
		inspect still
	same volume create v
	has_keys none '.[0]' volume inspect v
}

@test "podman: inspect" {
	two
	same inspect -f '{{.Name}} {{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Pid}}' done
	same inspect -f '{{.Path}} {{.Args}} {{.ImageName}} {{.Image}} {{.RestartCount}}' done
	same inspect -f '{{json .Config.Labels}} {{.Config.Cmd}} {{.Config.Hostname | len}} {{.HostConfig.NetworkMode}}' still
	same create --name full "${HOW[@]}" -v v:/v -v /tmp:/t:ro --tmpfs /x --hostname hh --entrypoint sleep --workdir /tmp \
		--user 0 --stop-signal INT --stop-timeout 3 --restart on-failure:2 img 100
	same inspect -f '{{range .Mounts}}{{.Type}} {{.Name}} {{.Destination}} {{.RW}};{{end}}' full
	same inspect -f '{{.Config.Hostname}} {{.Config.WorkingDir}} {{.Config.User}} {{.Config.StopSignal}} {{.Config.StopTimeout}}' full
	same inspect -f '{{.Config.Entrypoint}} {{.Config.Cmd}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}' full
	same inspect -f '{{.HostConfig.PidMode}} {{.HostConfig.IpcMode}} {{.HostConfig.UTSMode}} {{.HostConfig.ShmSize}} {{.HostConfig.Tmpfs}}' full
	same inspect -f '{{.HostConfig.Privileged}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.AutoRemove}} {{.HostConfig.Memory}}' full
	same inspect -f '{{.Os}} {{.Architecture}} {{.RepoTags}}' img
	same inspect -f '{{.Nosuch}}' still
	same inspect nosuch
	same inspect --type image still
	same inspect
	same container inspect nosuch
	same image inspect nosuch
	same container exists still
	same container exists nosuch
	differs 0 "podman 4 sets TERM without a terminal too; podman 5 does not" inspect -f '{{.Config.Env}}' still
}

@test "podman: images, tag, history, rmi" {
	same images
	same images -q
	same images -n
	same images --no-trunc
	same images --digests
	same images img
	same images nosuch
	same images --format '{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Id}}|{{.Digest}}|{{.CreatedSince}}|{{.CreatedAt}}|{{.Created}}|{{.Names}}'
	same images --format '{{.Labels}}|{{.History}}|{{.Dangling}}|{{.Containers}}|{{.ReadOnly}}|{{.RepoTags}}|{{.RepoDigests}}'
	same images --format 'table {{.Repository}}\t{{.ID}}'
	same images --filter dangling=true
	same images --filter 'reference=im*' -q
	same images --filter nosuch=1
	same images --sort nosuch
	same image exists img
	same image exists nosuch
	same tag img other:1
	same images --sort tag --format '{{.Repository}}:{{.Tag}}'
	same tag nosuch x
	same tag img
	same tag img BAD:
	same untag other:1
	same untag nosuch
	same untag img nosuch:1
	same history nosuch
	same rmi nosuch
	same rmi
	same rmi -f nosuch
	both load -q -i "$BOTH/img.tar"
	same history img
	same history -q img
	same history --no-trunc img
	same history --format '{{.CreatedBy}} {{.Comment}}' --no-trunc img
	two
	same images --format '{{.Containers}}'
	same rmi img
	same rm still # one at a time: podman removes several at once, in any order
	same rm done
	same tag img other:1
	same rmi other:1
	same rmi img nosuch
	same images -q
	same image prune -f
}

@test "podman: logs and wait" {
	two
	same logs done
	same logs --tail 1 done
	same logs -n done still
	same logs --since 1h done
	same logs --since garbage done
	same logs --tail x done
	same logs -t done
	same logs nosuch
	same logs
	same wait done done
	same wait --condition stopped done
	same wait --condition nosuch done
	same wait nosuch
	same wait
}

@test "podman: errors of commands on containers that do not run" {
	two
	local cmd
	for cmd in stop kill restart start pause port top attach logs wait rm init; do
		[ "$cmd" = init ] || same "$cmd" nosuch
		[ "$cmd" = init ] || same "$cmd"
	done
	same top still
	same pause still
	same kill still
	same kill -s NOSUCH still
	same kill -s 99 still
	same kill -s 0 still
	same exec still true
	same exec nosuch true
	same exec
	differs 125 "podman ends with 255 where exec has no command" exec still
	same attach still
	same stop still
	same stop -t x still
	same stop -i nosuch
	same port still
	same rename still done
	same rename still still
	same rename nosuch x
	same rename still
	same rename still 'b@d'
	same rename still new
	same rm -i nosuch
	same rm -f nosuch
	same rm nosuch
	same rm new
	same ps -a --format '{{.Names}}'
	same diff nosuch
	same healthcheck run nosuch
	same export nosuch
	same commit nosuch
	same save nosuch
	differs 125 "podman stops none when one of the names is wrong; here each name has its result" stop done nosuch
}

@test "podman: commands on a container that runs" {
	same run -d --name up "${HOW[@]}" img sleep 100
	same ps --format '{{.Names}} {{.Command}}'
	same exec up true
	same exec up false
	same exec up nosuch
	same exec -w /nosuch up true
	same exec -e A=b up sh -c 'echo $A'
	same exec up sh -c 'kill -9 $$'
	same exec -u 0 up id -u
	differs 126 "podman ends with 255, though its run ends with 126" exec -u nosuch up true
	differs 126 "podman gives the runtime's error no status of its own" exec up /tmp
	same top up pid args
	same port up
	same port up 80
	same rm up
	same rmi img
	same inspect -f '{{.State.Status}} {{.State.Running}} {{.State.Paused}}' up
	same kill -s CONT up
	same container prune -f
	same stop -t 0 up
	same inspect -f '{{.State.Status}} {{.State.ExitCode}}' up
	same start up
	same restart -t 0 up
	same kill up
	same wait up
	same rm -f up
}

@test "podman: run" {
	same run --rm "${HOW[@]}" img sh -c 'echo out; echo err >&2; exit 9'
	same run --rm "${HOW[@]}" img nosuch
	same run --rm "${HOW[@]}" img /tmp
	same run --rm "${HOW[@]}" -w /nosuch img pwd
	same run --rm "${HOW[@]}" --user nosuch img id
	same run --rm "${HOW[@]}" -v /nosuch:/x img true
	same run --rm "${HOW[@]}" -e A=1 --env B=2 img sh -c 'echo $A$B'
	same run --rm "${HOW[@]}" -w /tmp --entrypoint pwd img
	same run --rm "${HOW[@]}" --env-file /nosuch img true
	same run --rm "${HOW[@]}" --memory x img true
	same run --rm "${HOW[@]}" --restart nosuch img true
	same run --rm "${HOW[@]}" --pull never nosuch true
	same run --rm "${HOW[@]}" img sh -c 'kill -15 $$'
	same run
	same run --nosuch img
	same create --name 'b@d' img
	same create --name one "${HOW[@]}" img true
	same create --name one "${HOW[@]}" img true
	same create
	same rm one
	same ps -aq
}

@test "podman: volumes" {
	same volume ls
	same volume create v1
	same volume create v1
	same volume create --label a=b v2
	same volume create 'b@d'
	same volume create a b
	same volume create -d nosuch v3
	same volume ls
	same volume ls -q
	same volume ls --format '{{.Name}}|{{.Driver}}|{{.Labels}}|{{.Scope}}|{{.Options}}|{{.UID}}|{{.GID}}'
	same volume ls --filter name=v1 -q
	same volume ls --filter label=a -q
	same volume ls --filter dangling=true -q
	same volume ls --filter driver=local -q
	same volume ls --filter nosuch=1
	same volume inspect -f '{{.Name}} {{.Driver}} {{.Labels}} {{.Scope}}' v1 v2
	same volume inspect nosuch
	same volume inspect
	same volume exists v1
	same volume exists nosuch
	same create --name user "${HOW[@]}" -v v1:/v img true
	same volume rm v1
	same volume ls --filter dangling=false -q
	same rm user
	same volume rm nosuch
	same volume rm -f nosuch
	same volume rm
	same volume rm v1 nosuch
	same volume rm -a
	same volume prune -f
	same volume nosuch
}

@test "podman: words that are no command" {
	same nosuch
	same --nosuch ps
	same container nosuch
	differs 125 "the help is in our words" container
	same info -f '{{.Host.OS}} {{.Host.Arch}} {{.Host.CPUs}} {{.Host.Security.Rootless}}'
	same version -f '{{.Client.Os}}'
}
