# diff.bats - what containers and layers change, and what is pruned: diff, image diff, image tree, image prune.
load helper

setup() { fresh_store; "$CORACLE" pull -q "$LAYERS" >/dev/null; "$CORACLE" tag "$LAYERS" l; }
teardown() { remove_containers; remove_tree "$CORACLE_ROOT"; }

@test "diff: added, changed, deleted, through whiteouts and opaque directories" {
	"$CORACLE" create --name never --entrypoint sh l >/dev/null
	c diff never; ok; says ""
	"$CORACLE" run --name one -u 0 -v vol:/vol --tmpfs /t --entrypoint sh l -c 'echo x >/data/one; echo y >/new; mkdir -p /a/b; : >/a/b/c
		rm /etc/group; rm -r /data/keep; mkdir /data/keep; : >/data/keep/fresh; rm -r /opaque; echo z >/data/gone; chmod 700 /root'
	c diff one; ok
	says "$(printf '%s\n' 'A /a' 'A /a/b' 'A /a/b/c' 'C /data' 'A /data/gone' 'C /data/keep' 'D /data/keep/link' \
		'D /data/keep/three' 'A /data/keep/fresh' 'C /data/one' 'C /etc' 'D /etc/group' 'A /new' 'D /opaque'  'C /root')"
	c diff --format json one; ok
	[ "$(jq -c '[(.added|length), (.changed|length), .deleted[0]]' <<<"$output")" = '[6,5,"/data/keep/link"]' ] || no "json"
	c diff nothere; fails 125 "nothere"
}

@test "names with control characters forge no lines and move no cursor; JSON has them as they are" {
	"$CORACLE" run --name one -l "evil=$(printf 'a\033[31m\302\233')" -u 0 --entrypoint sh l -c 'touch "$1"' - "$(printf '/tmp/x\033[2J\nA forged\302\2331m')"
	c diff one; ok; has 'A /tmp/x?[2J?A forged??1m'; lacks $'\nA forged'; lacks $'\033'
	c diff --format json one; ok; [ "$(jq -r '.added[-1]' <<<"$output")" = "$(printf '/tmp/x\033[2J\nA forged\302\2331m')" ] || no json
	c ps -a --format 'table {{.Names}} {{.Labels}}'; ok; has 'evil:a?[31m??'; lacks $'\033'
}

@test "image diff: the last layer; diff of an image is the same" {
	c image diff l; ok
	says "$(printf '%s\n' 'C /data' 'C /data/keep' 'A /data/keep/three' 'A /vol' 'A /vol/seed')"
	c diff l; ok; has 'A /vol/seed'
	"$CORACLE" run --name one -u 0 --entrypoint rm l -r /data
	"$CORACLE" commit -q one without >/dev/null
	c image diff without; says 'D /data'
	c image diff one; fails 125 "not known"
}

@test "image tree, and what requires an image" {
	c image tree l; ok
	has "Tags:     [$LAYERS:latest localhost/l:latest]"
	[ "$(grep -c 'ID: ............ Size:' <<<"$output")" = 4 ]
	[[ ${lines[-1]} == "└── "*"Top Layer of: [$LAYERS:latest localhost/l:latest]" ]] || no "top"
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	c image tree --whatrequires "$BUSYBOX"; ok; has "Top Layer of: [$LAYERS:latest"
	c image tree nothere; fails 125 nothere
}

@test "image prune: what has no name; with -a what no container uses; never what one does" {
	local id
	"$CORACLE" pull -q "$BUSYBOX" >/dev/null
	"$CORACLE" create --name one l >/dev/null
	id=$("$CORACLE" commit -q one)
	output=$("$CORACLE" image prune <<<n 2>&1); has "WARNING! This will remove all dangling images"
	c image exists "$id"; ok
	c image prune -f; says "$id"
	c image prune -a -f --filter label=nothing; says ""
	c image prune -a -f; ok
	c images -q --no-trunc; says "sha256:$("$CORACLE" image inspect l --format '{{.Id}}')"
}
