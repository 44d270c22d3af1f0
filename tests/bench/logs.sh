#!/bin/bash
# logs.sh - a log of 1 GB (LOG_MB) written by a container and read back, against the disk or file system itself. The
# container only copies lines that are made before, so that what is measured is not what makes them.
ON_DISK=1
. "$(dirname "$0")/lib.sh"
bench_images
[ -n "$CO_OK" ] || exit 1
mb=${LOG_MB:-1000}
t=$BENCH_DIR/logs.table
co rm -f -a -t 0 >/dev/null
line=$(printf 'x%.0s' {1..99})
# Lines of 100 bytes; the log has 40 more of each.
mkdir -p "$BENCH_DIR/lines"
yes "$line" | head -n 100000 >"$BENCH_DIR/lines/10mb"
words=$(for ((i = 0; i < mb / 14; i++)); do printf '/lines/10mb '; done)
write=$(seconds co run --network none --name bench --log-opt max-size=100g -a stderr -v "$BENCH_DIR/lines:/lines:ro" "$IMG" cat $words)
log=$(ls "$BENCH_DIR"/coracle/containers/*/log | head -n 1)
size=$(stat -c %s "$log")
file=$(seconds dd if="$log" of="$BENCH_DIR/copy" bs=16k)
rm -f "$BENCH_DIR/copy"
{
	printf 'dd, 16 KiB a write\t%s\n' "$(awk -v s="$size" -v t="$file" 'BEGIN { print s / t / 1e6 }')"
	printf 'coracle\t%s\n' "$(awk -v s="$size" -v t="$write" 'BEGIN { print s / t / 1e6 }')"
} | bench_table "a log of $((size / 1000000)) MB written" "MB/s" more | tee "$t"
verdict "log written / dd" "$(cell "$t" coracle 3)" at-least 1
read=$(seconds co logs bench)
cat=$(seconds cat "$log")
{
	printf 'cat of the log\t%s\n' "$(awk -v s="$size" -v t="$cat" 'BEGIN { print s / t / 1e6 }')"
	printf 'logs\t%s\n' "$(awk -v s="$size" -v t="$read" 'BEGIN { print s / t / 1e6 }')"
} | bench_table "a log of $((size / 1000000)) MB read back" "MB/s" more | tee "$t"
verdict "logs, MB/s of log" "$(cell "$t" logs 2)" at-least 1000
bench_compare "logs --tail 10 of it" empty /bin/true coracle "$(co_words) logs --tail 10 bench" | tee "$t"
verdict "logs --tail 10, ms" "$(cell "$t" coracle 2)" at-most 5
co rm -f bench >/dev/null
