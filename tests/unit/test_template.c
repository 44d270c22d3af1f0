/* test_template.c - Go templates over JSON. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/template.h"

static json_t *data;

static int run(const char *text, GString *out, struct err *e)
{
	struct template *t;
	int r = template_compile(text, &t, e);

	if (r == 0) {
		r = template_exec(t, data, out, e);
		template_free(t);
	}
	return r;
}

static void gives(const char *text, const char *want)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct err e = ERR_INIT;

	if (run(text, out, &e) < 0)
		g_error("%s: %s", text, e.msg);
	g_assert_cmpstr(out->str, ==, want);
}

static void refused(const char *text, const char *part)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct err e = ERR_INIT;

	g_assert_cmpint(run(text, out, &e), <, 0);
	if (!strstr(e.msg, part))
		g_error("%s: %s", text, e.msg);
}

static void test_values(void)
{
	gives("{{.Name}} {{ .Size }}{{.Ok}}", "web 42true");
	gives("{{.State.Pid}} {{.State.Text}}", "7 up");
	gives("{{.Names}} {{.Labels}}", "[a b] map[x:1 y:2]");
	gives("{{.Labels.x}}{{.Labels.none}}.", "1.");
	gives("a{{/* nothing */}}b", "ab");
	gives("x  {{- .Name -}}  y", "xweby");
	gives("{{`raw \\n`}}{{\"a\\tb\"}}", "raw \\na\tb");
	gives("{{$}}", "map[Labels:map[x:1 y:2] Name:web Names:[a b] None:<nil> Ok:true Size:42 "
		       "State:map[Pid:7 Text:up]]");
}

static void test_control(void)
{
	gives("{{range .Names}}<{{.}}>{{end}}", "<a><b>");
	gives("{{range $i, $n := .Names}}{{$i}}{{$n}}{{$.Name}} {{end}}", "0aweb 1bweb ");
	gives("{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "x=1;y=2;");
	gives("{{range .None}}x{{else}}empty{{end}}", "empty");
	gives("{{if eq .Name \"db\"}}1{{else if gt .Size 40}}2{{else}}3{{end}}", "2");
	gives("{{with .State}}{{.Pid}}{{end}}", "7");
	gives("{{$x := .Name}}{{if true}}{{$x = \"new\"}}{{end}}{{$x}}", "new");
	gives("{{if and .Ok (not .None)}}yes{{end}}", "yes");
}

static void test_functions(void)
{
	gives("{{json .Names}} {{json .Name}} {{.Labels | json}}", "[\"a\",\"b\"] \"web\" {\"x\":\"1\",\"y\":\"2\"}");
	gives("{{join .Names \", \"}} {{len .Names}} {{index .Names 1}} {{index .Labels \"x\"}}", "a, b 2 b 1");
	gives("{{printf \"%s-%03d|%-5s|%q|%v|%%\" .Name .Size .Name .Name .Names}}",
	      "web-042|web  |\"web\"|[a b]|%");
	gives("{{printf \"%d\" .Name}}{{printf \"%s\"}}", "%!d(BAD)%!s(MISSING)");
	gives("{{upper .Name}} {{title .Name}} {{.Name | upper | lower}}", "WEB Web web");
	gives("{{slice .Name 0 2}} {{(split \"a:b\" \":\")}} {{trimPrefix .Name \"w\"}}", "we [a b] eb");
	gives("{{(index .Names 0)}}{{println 1 2}}", "a1 2\n");
}

static void test_refused(void)
{
	refused("{{.Foo}}", "can't evaluate field Foo");
	refused("{{.State.Foo}}", "can't evaluate field Foo");
	refused("{{.Name.Foo}}", "can't evaluate field Foo");
	refused("{{nope .Name}}", "function \"nope\" not defined");
	refused("{{.Name", "unclosed action");
	refused("{{if .Name}}", "missing {{end}}");
	refused("{{end}}", "unexpected {{end}}");
	refused("{{range .Size}}{{end}}", "can't iterate");
	refused("{{index .Names 9}}", "out of range");
	refused("{{slice .Name 2 1}}", "out of range");
	refused("{{$nope}}", "undefined variable");
	refused("{{\"a}}", "unclosed action");
	refused("{{.}}{{.Name .Size}}", "only a function");
}

static void test_depth(void)
{
	g_autoptr(GString) deep = g_string_new("{{");

	for (int i = 0; i < 10000; i++)
		g_string_append_c(deep, '(');
	g_string_append(deep, "1}}");
	refused(deep->str, "nested too deeply");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	data = json_pack("{s:s, s:i, s:b, s:{s:i,s:s}, s:[s,s], s:{s:s,s:s}, s:n}", "Name", "web", "Size", 42, "Ok", 1,
			 "State", "Pid", 7, "Text", "up", "Names", "a", "b", "Labels", "x", "1", "y", "2", "None");
	g_test_add_func("/template/values", test_values);
	g_test_add_func("/template/control", test_control);
	g_test_add_func("/template/functions", test_functions);
	g_test_add_func("/template/refused", test_refused);
	g_test_add_func("/template/depth", test_depth);
	return g_test_run();
}
