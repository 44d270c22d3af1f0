/* run_options.c - see run_options.h. */
#include "cmd/run_options.h"

#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "core/container/run.h"

#define AT(member) .offset = offsetof(struct run_options, member)
#define SETS(member) .set_offset = offsetof(struct run_options, member)
#define FLAG(n, l, member, text) { .name = n, .letter = l, .type = OPT_FLAG, AT(member), .help = text }
/* The text may be followed by more members. */
#define STRING(n, l, member, what, ...) \
	{ .name = n, .letter = l, .type = OPT_STRING, AT(member), .arg = what, .help = __VA_ARGS__ }
#define LIST(n, l, member, what, ...) \
	{ .name = n, .letter = l, .type = OPT_LIST, AT(member), .arg = what, .help = __VA_ARGS__ }
#define CSV(n, l, member, what, ...) \
	{ .name = n, .letter = l, .type = OPT_CSV, AT(member), .arg = what, .help = __VA_ARGS__ }

const struct opt run_only_options[] = {
	FLAG("detach", 'd', detach, "Start in the background and print the container's ID"),
	FLAG("sig-proxy", 0, sig_proxy, "Send the signals that this command gets to the program (default true)"),
	{ .name = "detach-keys", .type = OPT_STRING, AT(detach_keys), .arg = "keys", SETS(detach_keys_set),
	  .help = "Keys that leave the container running in the background (default ctrl-p,ctrl-q)" },
	{ .name = "preserve-fds", .type = OPT_INT, AT(preserve_fds), .arg = "n",
	  .help = "Give descriptors 3 to 2+N to the program" },
	{ .name = "status-fd", .type = OPT_INT, AT(status_fd), .arg = "n",
	  .help = "Tell start, end and errors as lines of JSON on this descriptor" },
	FLAG("rmi", 0, rmi, "With --rm, which it implies: remove the image, too, unless another container uses it"),
	FLAG("passwd", 0, passwd, "Give the user an entry in /etc/passwd where the image has none (default true)"),
	OPT_END
};

static const struct opt process_options[] = {
	FLAG("interactive", 'i', interactive, "Give the program this command's standard input"),
	FLAG("tty", 't', tty, "Give the program a terminal"),
	LIST("env", 'e', env, "name[=value]", "Set an environment variable; without a value it is copied"),
	{ .name = "env-file", .type = OPT_LIST, AT(env_file), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Read environment variables from a file" },
	LIST("env-merge", 0, env_merge, "name=value", "Set a variable to a value with ${names} of the image's variables in it"),
	FLAG("env-host", 0, env_host, "Copy this command's whole environment"),
	LIST("unsetenv", 0, unsetenv, "name", "Remove a variable of the image or the defaults"),
	FLAG("unsetenv-all", 0, unsetenv_all, "Remove all variables of the image and the defaults"),
	FLAG("http-proxy", 0, http_proxy, "Copy the proxy variables (default true)"),
	{ .name = "entrypoint", .type = OPT_STRING, AT(entrypoint), .arg = "command", SETS(entrypoint_set),
	  .help = "Replace the image's entrypoint: a command or a JSON array" },
	STRING("workdir", 'w', workdir, "dir", "Start the program in this directory"),
	STRING("user", 'u', user, "user[:group]", "Run as this user: names of the image or numbers"),
	LIST("hostuser", 0, hostuser, "user", "Add this user of the host, a name or a number, to /etc/passwd"),
	STRING("passwd-entry", 0, passwd_entry, "line", "What /etc/passwd gets for the user: $USERNAME, $UID, $GID, $NAME and "
	       "$HOME are replaced"),
	CSV("group-add", 0, group_add, "group", "Add a group, or keep-groups for all of the caller's"),
	{ .name = "systemd", .type = OPT_STRING, AT(systemd), .arg = "when", .choices = "true|false|always",
	  .help = "Prepare the container for systemd: always, or true when the command is one (default true)" },
	FLAG("init", 0, init, "Run a small init as process 1 that reaps children and forwards signals"),
	{ .name = "init-path", .type = OPT_STRING, AT(init_path), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Use another program for --init" },
	STRING("umask", 0, umask, "octal", "Mode bits that new files do not get (default 0022)"),
	STRING("tz", 0, tz, "zone", "Time zone in /etc/localtime, or local for the host's"),
	CSV("ulimit", 0, ulimit, "name=soft[:hard]", "Set a resource limit, or host for the caller's"),
	{ .name = "oom-score-adj", .type = OPT_INT, AT(oom_score_adj), .arg = "n", SETS(oom_score_adj_set),
	  .help = "Preference for being killed when memory is short, -1000 to 1000" },
	STRING("stop-signal", 0, stop_signal, "signal", "What stop sends first (default: the image's, else TERM)",
		.complete = COMPLETE_SIGNAL),
	{ .name = "restart", .type = OPT_STRING, AT(restart), .arg = "policy",
	  .choices = "~no|on-failure|always|unless-stopped",
	  .help = "Start it again when it ends: no, on-failure[:max], always, unless-stopped (default no)" },
	{ .name = "stop-timeout", .type = OPT_INT, AT(stop_timeout), .arg = "seconds",
	  .help = "How long stop waits before it kills (default 10)" },
	{ .name = "timeout", .type = OPT_INT, AT(timeout), .arg = "seconds",
	  .help = "Kill the container after this time; 0: never" },
	OPT_END
};

static const struct opt file_options[] = {
	LIST("volume", 'v', volume, "[source:]dir[:options]", "Show a host directory or a volume in the container",
		.complete = COMPLETE_SOURCE),
	LIST("mount", 0, mount, "type=...,...", "Mount: type bind, volume, tmpfs, image, devpts or ramfs",
		.choices = "~type=bind,source=|type=volume,source=|type=tmpfs,destination=|type=image,source="),
	LIST("tmpfs", 0, tmpfs, "dir[:options]", "Mount an empty directory in memory"),
	LIST("volumes-from", 0, volumes_from, "container[:options]", "Use the mounts of another container",
		.complete = COMPLETE_CONTAINER),
	CSV("device", 0, device, "host[:path[:rwm]]", "Show a device of the host, or all of a directory"),
	LIST("secret", 0, secret, "name[,option=...]", "Give it a secret: type=mount|env, target, uid, gid, mode"),
	FLAG("read-only", 0, read_only, "Make the container's root read-only"),
	FLAG("read-only-tmpfs", 0, read_only_tmpfs,
	     "With --read-only: memory on /run, /tmp and /var/tmp (default true)"),
	{ .name = "image-volume", .type = OPT_STRING, AT(image_volume), .arg = "how",
	  .choices = "anonymous|bind|ignore|tmpfs", .help = "What the image's volumes become (default anonymous)",
	  .alias = "builtin-volume" },
	{ .name = "shm-size", .type = OPT_SIZE, AT(shm_size), .arg = "bytes",
	  .help = "Size of /dev/shm (default 65536000); 0: no bound" },
	FLAG("rootfs", 0, rootfs, "The first argument is a directory (DIR[:O]) and not an image"),
	OPT_END
};

static const struct opt isolation_options[] = {
	FLAG("privileged", 0, privileged, "All capabilities, no system call filter, the caller's devices"),
	CSV("cap-add", 0, cap_add, "capability", "Add a capability, or all",
		.complete = COMPLETE_CAPABILITY),
	CSV("cap-drop", 0, cap_drop, "capability", "Drop a capability, or all",
		.complete = COMPLETE_CAPABILITY),
	LIST("security-opt", 0, security_opt, "option", "seccomp=, no-new-privileges, mask=, unmask=, label=, apparmor=",
		.choices = "~seccomp=unconfined|no-new-privileges|mask=|unmask=ALL|label=disable|apparmor=unconfined"),
	STRING("personality", 0, personality, "domain", "Execution domain: LINUX or LINUX32", .choices = "LINUX|LINUX32"),
	CSV("sysctl", 0, sysctl, "name=value", "Set a kernel parameter of the container's namespaces"),
	STRING("pid", 0, pid, "mode", "Process namespace: private, host or container:NAME",
		.choices = "~private|host|container:"),
	STRING("ipc", 0, ipc, "mode", "IPC namespace: shareable, private, none, host or container:NAME",
		.choices = "~shareable|private|none|host|container:"),
	STRING("uts", 0, uts, "mode", "Host name namespace: private, host or container:NAME",
		.choices = "~private|host|container:"),
	STRING("cgroupns", 0, cgroupns, "mode", "Control group namespace: private, host or container:NAME",
		.choices = "~private|host|container:"),
	STRING("userns", 0, userns, "mode", "Ids: host, keep-id[:uid=N,gid=N], nomap, auto[:size=N] or container:NAME",
		.choices = "~host|keep-id|nomap|auto|container:"),
	CSV("uidmap", 0, uidmap, "inside:outside:count", "Map user ids"),
	CSV("gidmap", 0, gidmap, "inside:outside:count", "Map group ids"),
	STRING("subuidname", 0, subuidname, "name", "Take user ids from this entry of /etc/subuid"),
	STRING("subgidname", 0, subgidname, "name", "Take group ids from this entry of /etc/subgid"),
	OPT_END
};

static const struct opt network_options[] = {
	{ .name = "network", .type = OPT_STRING, AT(network), .arg = "mode", .alias = "net",
	  .choices = "~slirp|host|none|container:|ns:",
	  .help = "slirp[:options] (default), host, none, container:NAME or ns:PATH" },
	{ .name = "hostname", .letter = 'h', .type = OPT_STRING, AT(hostname), .arg = "name", SETS(hostname_set),
	  .help = "Host name of the container" },
	CSV("dns", 0, dns, "address", "Name server"),
	CSV("dns-search", 0, dns_search, "domain", "Domain to search"),
	CSV("dns-option", 0, dns_option, "option", "Resolver option"),
	CSV("add-host", 0, add_host, "name:address", "Line for /etc/hosts"),
	FLAG("no-hosts", 0, no_hosts, "Leave the image's /etc/hosts alone"),
	LIST("publish", 'p', publish, "[[ip:]host:]port[/udp]", "Publish a port on the host"),
	FLAG("publish-all", 'P', publish_all, "Publish all exposed ports on random ports of the host"),
	CSV("expose", 0, expose, "port[/udp]", "Say that the program serves this port, for -P"),
	OPT_END
};

const struct opt run_limit_options[] = {
	{ .name = "memory", .letter = 'm', .type = OPT_SIZE, AT(memory), SETS(memory_set), .arg = "bytes", .help = "Memory limit" },
	STRING("memory-swap", 0, memory_swap, "bytes", "Limit of memory plus swap; -1: none"),
	{ .name = "memory-reservation", .type = OPT_SIZE, AT(memory_reservation), SETS(memory_reservation_set), .arg = "bytes",
	  .help = "Memory below which nothing is taken away" },
	STRING("cpus", 0, cpus, "number", "How many processors' time the container may use"),
	{ .name = "cpu-shares", .letter = 'c', .type = OPT_INT, AT(cpu_shares), SETS(cpu_shares_set), .arg = "n",
	  .help = "Relative weight of its processor time" },
	{ .name = "cpu-period", .type = OPT_INT, AT(cpu_period), SETS(cpu_period_set), .arg = "us",
	  .help = "Period of --cpu-quota" },
	{ .name = "cpu-quota", .type = OPT_INT, AT(cpu_quota), SETS(cpu_quota_set), .arg = "us",
	  .help = "Processor time in each --cpu-period" },
	STRING("cpuset-cpus", 0, cpuset_cpus, "list", "Processors it may run on: 0-2,4"),
	STRING("cpuset-mems", 0, cpuset_mems, "list", "Memory nodes it may use"),
	{ .name = "pids-limit", .type = OPT_INT, AT(pids_limit), .arg = "n", SETS(pids_limit_set),
	  .help = "How many processes it may have; -1: no bound" },
	{ .name = "blkio-weight", .type = OPT_INT, AT(blkio_weight), .arg = "n",
	  .help = "Relative weight of its input and output, 10 to 1000" },
	LIST("device-read-bps", 0, read_bps, "device:rate", "Bytes a second that it may read from a device: /dev/sda:10mb"),
	LIST("device-write-bps", 0, write_bps, "device:rate", "Bytes a second that it may write to a device"),
	LIST("device-read-iops", 0, read_iops, "device:rate", "Reads a second from a device"),
	LIST("device-write-iops", 0, write_iops, "device:rate", "Writes a second to a device"),
	OPT_END
};

static const struct opt cgroup_options[] = {
	LIST("cgroup-conf", 0, cgroup_conf, "file=value", "Write this into a file of its control group: memory.high=1073741824"),
	{ .name = "cgroups", .type = OPT_STRING, AT(cgroups), .arg = "how",
	  .choices = "enabled|disabled|no-conmon|split", .help = "Whether it gets a control group of its own" },
	OPT_END
};

static const struct opt image_options[] = {
	{ .name = "pull", .type = OPT_STRING, AT(pull), .arg = "when", .choices = "always|missing|never|newer",
	  .help = "When to pull the image (default missing)" },
	STRING("platform", 0, platform, "os/arch", "Platform of the image",
		.choices = "~linux/amd64|linux/arm64"),
	STRING("arch", 0, arch, "architecture", "Architecture of the image",
		.choices = "~amd64|arm64"),
	STRING("os", 0, os, "os", "Operating system of the image"),
	STRING("variant", 0, variant, "variant", "Variant of the image's architecture"),
	{ .name = "authfile", .type = OPT_STRING, AT(authfile), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "File with the registries' credentials" },
	STRING("creds", 0, creds, "user[:password]", "Credentials for the registry"),
	{ .name = "cert-dir", .type = OPT_STRING, AT(cert_dir), .arg = "dir", .complete = COMPLETE_FILE,
	  .help = "Directory with certificates for the registry" },
	{ .name = "tls-verify", .type = OPT_FLAG, AT(tls_verify), SETS(tls_verify_set),
	  .help = "Demand HTTPS and a valid certificate of the registry (default true)" },
	STRING("retry", 0, retry, "n", "How often a failed transfer is tried again"),
	STRING("retry-delay", 0, retry_delay, "duration", "How long to wait before that"),
	FLAG("quiet", 'q', quiet, "No progress and no notes"),
	{ .name = "disable-content-trust", .type = OPT_IGNORED, .help = "Nothing to disable" },
	OPT_END
};

static const struct opt thing_options[] = {
	FLAG("rm", 0, rm, "Remove the container when it ends"),
	STRING("name", 0, name, "name", "Name of the container (default: a random one)"),
	FLAG("replace", 0, replace, "Remove the container that has the name now"),
	{ .name = "cidfile", .type = OPT_STRING, AT(cidfile), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Write the container's ID to a new file" },
	{ .name = "pidfile", .type = OPT_STRING, AT(pidfile), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Write the program's process id to a file" },
	{ .name = "conmon-pidfile", .type = OPT_STRING, AT(conmon_pidfile), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Write the process id of the container's keeper to a file" },
	LIST("label", 'l', label, "name[=value]", "Label of the container"),
	{ .name = "label-file", .type = OPT_LIST, AT(label_file), .arg = "file", .complete = COMPLETE_FILE,
	  .help = "Read labels from a file" },
	LIST("annotation", 0, annotation, "name=value", "Annotation in the OCI configuration"),
	{ .name = "log-driver", .type = OPT_STRING, AT(log_driver), .arg = "driver",
	  .choices = "k8s-file|json-file|journald|none|passthrough", .help = "How output is kept (default k8s-file)" },
	{ .name = "sdnotify", .type = OPT_STRING, AT(sdnotify), .arg = "who",
	  .choices = "container|conmon|ignore", .help = "Who tells systemd that it is ready (default container)" },
	LIST("log-opt", 0, log_opt, "name=value", "path=FILE, max-size=BYTES or max-file=NUMBER",
		.choices = "~path=|max-size=|max-file="),
	STRING("health-cmd", 0, health_cmd, "command", "How its health is checked: a line for the shell, or a JSON array of words"),
	STRING("health-interval", 0, health_interval, "duration", "Time between checks (default 30s), or disable"),
	{ .name = "health-on-failure", .type = OPT_STRING, AT(health_on_failure), .arg = "action",
	  .choices = "none|kill|restart|stop", .help = "What happens when it becomes unhealthy (default none)" },
	{ .name = "health-retries", .type = OPT_INT, AT(health_retries), .arg = "n", SETS(health_retries_set),
	  .help = "Failures in a row that make it unhealthy (default 3)" },
	STRING("health-start-interval", 0, health_start_interval, "duration", "Time between checks in the start period"),
	STRING("health-start-period", 0, health_start_period, "duration", "Time in which failures do not count (default 0s)"),
	STRING("health-startup-cmd", 0, health_startup_cmd, "command", "A check that must pass before the health check begins"),
	STRING("health-startup-interval", 0, health_startup_interval, "duration", "Time between startup checks (default 30s), or disable"),
	{ .name = "health-startup-retries", .type = OPT_INT, AT(health_startup_retries), .arg = "n",
	  .help = "Failed startup checks that start the container again (default 0: never)" },
	{ .name = "health-startup-success", .type = OPT_INT, AT(health_startup_success), .arg = "n",
	  .help = "Startup checks that must pass (default 0: the first)" },
	STRING("health-startup-timeout", 0, health_startup_timeout, "duration", "A startup check that takes longer fails (default 30s)"),
	STRING("health-timeout", 0, health_timeout, "duration", "A check that takes longer fails (default 30s)"),
	FLAG("no-healthcheck", 0, no_healthcheck, "Run no health checks, whatever the image says"),
	CSV("attach", 'a', attach, "stream", "Connect only these: stdin, stdout, stderr"),
	OPT_END
};

const struct opt run_common_options[] = {
	OPT_GROUP(process_options),
	OPT_GROUP(file_options),
	OPT_GROUP(isolation_options),
	OPT_GROUP(network_options),
	OPT_GROUP(run_limit_options), OPT_GROUP(cgroup_options),
	OPT_GROUP(image_options),
	OPT_GROUP(thing_options),
	OPT_END
};

void run_options_defaults(struct context *c, void *values)
{
	struct run_options *o = values;

	(void)c;
	o->http_proxy = true;
	o->passwd = true;
	o->sig_proxy = true;
	o->read_only_tmpfs = true;
	o->tls_verify = true;
	o->shm_size = 65536000;
	o->stop_timeout = 10;
	o->status_fd = -1;
}

static int check_numbers(const struct run_options *o, struct err *e)
{
	if (o->preserve_fds < 0 || o->preserve_fds > 1000)
		return err_msg(e, EINVAL, "--preserve-fds %lld: a number from 0 to 1000 is needed",
			       (long long)o->preserve_fds);
	if (o->oom_score_adj < -1000 || o->oom_score_adj > 1000)
		return err_msg(e, EINVAL, "--oom-score-adj %lld: a number from -1000 to 1000 is needed",
			       (long long)o->oom_score_adj);
	if (o->stop_timeout < 0 || o->timeout < 0)
		return err_msg(e, EINVAL, "--stop-timeout and --timeout cannot be negative");
	if (o->shm_size < 0)
		return err_msg(e, EINVAL, "--shm-size cannot be negative");
	return 0;
}

int run_options_check(const struct run_options *o, struct err *e)
{
	for (char **a = o->attach; a && *a; a++)
		if (g_ascii_strcasecmp(*a, "stdin") && g_ascii_strcasecmp(*a, "stdout") &&
		    g_ascii_strcasecmp(*a, "stderr"))
			return err_msg(e, EINVAL, "--attach %s: stdin, stdout or stderr is needed", *a);
	if (o->detach && o->attach)
		return err_msg(e, EINVAL, "--attach and --detach exclude each other");
	if (o->replace && !o->name)
		return err_msg(e, EINVAL, "cannot replace container without --name being set");
	if (o->platform && (o->arch || o->os || o->variant))
		return err_msg(e, EINVAL, "--platform option can not be specified with --arch, --os or --variant");
	if (o->rmi && o->detach)
		return err_msg(e, EINVAL, "--rmi and --detach exclude each other");
	if (o->userns && *o->userns && (o->uidmap || o->gidmap || o->subuidname || o->subgidname))
		return err_msg(e, EINVAL, "--userns and --uidmap, --gidmap, --subuidname or --subgidname "
			       "exclude each other");
	if (o->no_hosts && o->add_host)
		return err_msg(e, EINVAL, "--no-hosts and --add-host exclude each other");
	if (o->detach_keys_set && container_check_detach_keys(o->detach_keys, e) < 0)
		return -e->code;
	if (o->log_driver && !strcmp(o->log_driver, "passthrough") && o->tty)
		return err_msg(e, EINVAL, "--log-driver passthrough and --tty exclude each other");
	return check_numbers(o, e);
}
