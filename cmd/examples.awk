# The examples of the man pages as members of a C array: { "command", "line" }. What --help shows comes from there.
FNR == 1 {
	page = FILENAME
	sub(/.*\/coracle-/, "", page)
	sub(/\.1$/, "", page)
	gsub(/-/, " ", page)
	inside = 0
}
/^\.Sh / { inside = $0 == ".Sh EXAMPLES" }
inside && /^\.Dl / {
	line = substr($0, 5)
	gsub(/\\\(dq/, "\"", line)
	gsub(/\\-/, "-", line)
	gsub(/\\&/, "", line)
	gsub(/\\e/, "\\", line)
	gsub(/\\/, "\\\\", line)
	gsub(/"/, "\\\"", line)
	printf "{ \"%s\", \"%s\" },\n", page, line
}
