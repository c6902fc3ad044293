/* The words behind a command, against its table; then the environment. */

#include <ctype.h>

#include <valise/text.h>

#include "private.h"

#define SHOWN 120

struct parser {
	const struct vl_cmd *cmd;
	struct vl_parsed *out;
	bool given[VL_OPTS_MAX];
};

static const char *
shown(char text[SHOWN], const char *word)
{
	return vl_escape_text(text, SHOWN, vl_slice_of(word));
}

void
vl_opt_variable(char *text, size_t size, const char *name)
{
	size_t n = (size_t)snprintf(text, size, "VALISE_%s", name);
	size_t i = 0;

	for (i = 0; i < n && i < size; i++)
		if (text[i] == '-')
			text[i] = '_';
		else
			text[i] = (char)toupper((unsigned char)text[i]);
}

static enum vl_status
set_number(const struct vl_opt *o, struct vl_number *into, const char *text,
    const char *from, struct vl_err *err)
{
	uint64_t value = 0;
	const char *p = text;
	char word[SHOWN];

	for (; *p >= '0' && *p <= '9' && value <= UINT32_MAX; p++)
		value = value * 10 + (uint64_t)(*p - '0');
	if (p == text || *p != '\0' || value < o->min || value > o->max)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' takes a number from %u to %u, not '%s'", from, o->min,
		    o->max, shown(word, text));
	into->given = true;
	into->value = (uint32_t)value;
	return VL_OK;
}

static enum vl_status
set_choice(const struct vl_opt *o, unsigned *into, const char *text,
    const char *from, struct vl_err *err)
{
	char all[160] = "";
	const char *near = vl_nearest(text, o->choices);
	size_t used = 0;
	unsigned i = 0;
	char word[SHOWN];

	for (i = 0; o->choices[i] != NULL && used < sizeof(all); i++) {
		if (strcmp(o->choices[i], text) == 0) {
			*into = i;
			return VL_OK;
		}
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
		    i > 0 ? ", " : "", o->choices[i]);
	}
	if (near != NULL)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' takes one of %s, not '%s'; did you mean '%s'?", from,
		    all, shown(word, text), near);
	return vl_fail(err, VL_EUSAGE, "'%s' takes one of %s, not '%s'", from,
	    all, shown(word, text));
}

static enum vl_status
add_text(struct vl_texts *into, const char *text, struct vl_err *err)
{
	const char **grown = NULL;

	grown = reallocarray((void *)into->list, into->n + 1, sizeof(char *));
	if (grown == NULL)
		return vl_fail_memory(err);
	into->list = grown;
	into->list[into->n++] = text;
	return VL_OK;
}

/* Set option `o`; `from` is how it was given: "--to" or "VALISE_TO". */
static enum vl_status
set_value(void *opts, const struct vl_opt *o, const char *text,
    const char *from, struct vl_err *err)
{
	void *member = (char *)opts + o->at;

	switch (o->type) {
	case VL_OPT_FLAG:
		*(bool *)member = true;
		return VL_OK;
	case VL_OPT_TEXT:
		if (text[0] == '\0')
			return vl_fail(err, VL_EUSAGE, "'%s' is empty", from);
		*(const char **)member = text;
		return VL_OK;
	case VL_OPT_LIST:
		return add_text(member, text, err);
	case VL_OPT_NUMBER:
		return set_number(o, member, text, from, err);
	case VL_OPT_SIZE:
		if (vl_parse_size(text, member, err) != VL_OK)
			return vl_within(err, "'%s'", from);
		return VL_OK;
	case VL_OPT_CHOICE:
		return set_choice(o, member, text, from, err);
	case VL_OPT_LATER:
		if (o->help != NULL)
			return vl_fail(
			    err, VL_EUSAGE, "'%s' %s", from, o->help);
		break;
	}
	return vl_fail(
	    err, VL_EUSAGE, "'%s' is not known to this version yet", from);
}

/* The first option that goes on where `name` ends: "password" and
 * "password-file".  NULL: there is none. */
static const char *
longer(const struct vl_opt *o, const char *name)
{
	const size_t n = strlen(name);

	for (; n > 0 && o != NULL && o->name != NULL; o++)
		if (o->type != VL_OPT_LATER && strncmp(o->name, name, n) == 0 &&
		    o->name[n] == '-')
			return o->name;
	return NULL;
}

static enum vl_status
unknown(const struct parser *p, const char *name, struct vl_err *err)
{
	const char *names[VL_OPTS_MAX + 2] = { NULL };
	const struct vl_opt *o = p->cmd->opts;
	const char *near = NULL;
	char word[SHOWN];
	size_t n = 0;

	for (; o != NULL && o->name != NULL && n < VL_OPTS_MAX; o++)
		names[n++] = o->name;
	names[n] = "help";
	near = longer(p->cmd->opts, name);
	if (near == NULL)
		near = vl_nearest(name, names);
	if (near != NULL)
		return vl_fail(err, VL_EUSAGE,
		    "unknown option '--%s'; did you mean '--%s'?",
		    shown(word, name), near);
	return vl_fail(err, VL_EUSAGE,
	    "unknown option '--%s'; '--help' lists what there is",
	    shown(word, name));
}

/* One option word; takes the value from the next word where it is there. */
static enum vl_status
parse_option(struct parser *p, int *argc, char ***argv, struct vl_err *err)
{
	const struct vl_opt *o = p->cmd->opts;
	char *word = **argv;
	bool is_long = word[1] == '-';
	char *name = is_long ? word + 2 : word + 1;
	size_t n = is_long ? strcspn(name, "=") : 1;
	char *value = NULL;
	char from[SHOWN];

	if (is_long && name[n] == '=')
		value = name + n + 1;
	else if (!is_long && name[1] != '\0')
		value = name + 1;
	for (; o != NULL && o->name != NULL; o++)
		if (is_long ?
		        strlen(o->name) == n && memcmp(o->name, name, n) == 0 :
		        o->letter == *name)
			break;
	if (o == NULL || o->name == NULL) {
		if (value != NULL && is_long)
			value[-1] = '\0'; /* the name alone, for the message */
		if (is_long)
			return unknown(p, name, err);
		return vl_fail(err, VL_EUSAGE,
		    "unknown option '%s'; '--help' lists what there is",
		    shown(from, word));
	}
	(void)snprintf(from, sizeof(from), "--%s", o->name);
	if (o->type == VL_OPT_LATER)
		return set_value(p->out->opts, o, NULL, from, err);
	if (o->type == VL_OPT_FLAG && value != NULL)
		return vl_fail(err, VL_EUSAGE, "'%s' takes no value", from);
	if (o->type != VL_OPT_FLAG && o->type != VL_OPT_LIST &&
	    p->given[o - p->cmd->opts])
		return vl_fail(err, VL_EUSAGE, "'%s' is given twice", from);
	if (o->type != VL_OPT_FLAG && value == NULL) {
		if (*argc < 2)
			return vl_fail(err, VL_EUSAGE,
			    "'%s' needs a value: '%s %s'", from, from, o->arg);
		(*argc)--;
		value = *++*argv;
	}
	p->given[o - p->cmd->opts] = true;
	return set_value(p->out->opts, o, value, from, err);
}

static enum vl_status
parse_environment(struct parser *p, struct vl_err *err)
{
	const struct vl_opt *o = p->cmd->opts;
	bool silenced[256] = { false };
	const char *value = NULL;
	enum vl_status st = VL_OK;
	char name[SHOWN];

	for (; o != NULL && o->name != NULL; o++)
		if (p->given[o - p->cmd->opts] && o->group != 0)
			silenced[(unsigned char)o->group] = true;
	for (o = p->cmd->opts; o != NULL && o->name != NULL; o++) {
		if (!o->env || p->given[o - p->cmd->opts] ||
		    silenced[(unsigned char)o->group])
			continue;
		vl_opt_variable(name, sizeof(name), o->name);
		value = getenv(name);
		if (value == NULL || value[0] == '\0')
			continue;
		st = set_value(p->out->opts, o, value, name, err);
		if (st != VL_OK)
			return st;
		p->given[o - p->cmd->opts] = true;
	}
	return VL_OK;
}

static enum vl_status
check_complete(const struct parser *p, struct vl_err *err)
{
	const struct vl_opt *o = p->cmd->opts;
	const char *what = p->cmd->operands != NULL ? p->cmd->operands : "";
	char word[SHOWN];

	if (p->out->n < p->cmd->min_operands)
		return vl_fail(err, VL_EUSAGE,
		    "something is missing: '%s' is expected; see '--help'",
		    what);
	if (p->out->n > p->cmd->max_operands)
		return vl_fail(err, VL_EUSAGE, "'%s' is one word too many",
		    shown(word, p->out->operands[p->cmd->max_operands]));
	for (; o != NULL && o->name != NULL; o++)
		if (o->required && !p->given[o - p->cmd->opts])
			return vl_fail(err, VL_EUSAGE,
			    "'--%s %s' is missing; see '--help'", o->name,
			    o->arg);
	return VL_OK;
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

enum vl_status
vl_parse(struct vl_parsed *out, const struct vl_cmd *cmd, int argc, char **argv,
    struct vl_err *err)
{
	struct parser p = { .cmd = cmd, .out = out };
	const struct vl_opt *o = cmd->opts;
	enum vl_status st = VL_OK;
	bool options = !cmd->raw;

	memset(out, 0, sizeof(*out));
	out->opts = calloc(1, cmd->opts_size + 1);
	out->operands = calloc((size_t)argc + 1, sizeof(char *));
	if (out->opts == NULL || out->operands == NULL)
		return vl_fail_memory(err);
	for (; argc > 0; argc--, argv++) {
		if (options && is_help(*argv)) {
			out->help = true;
			return VL_OK;
		}
		if (options && strcmp(*argv, "--") == 0) {
			options = false;
			continue;
		}
		if (options && (*argv)[0] == '-' && (*argv)[1] != '\0')
			st = parse_option(&p, &argc, &argv, err);
		else
			out->operands[out->n++] = *argv;
		if (st != VL_OK)
			return st;
	}
	st = parse_environment(&p, err);
	if (st == VL_OK)
		st = check_complete(&p, err);
	for (; o != NULL && o->name != NULL; o++)
		if (strcmp(o->name, "json") == 0)
			out->json = p.given[o - cmd->opts];
	return st;
}

void
vl_parsed_free(struct vl_parsed *p, const struct vl_cmd *cmd)
{
	const struct vl_opt *o = cmd->opts;

	if (p->opts != NULL)
		for (; o != NULL && o->name != NULL; o++)
			if (o->type == VL_OPT_LIST)
				free((
				    void *)((struct vl_texts *)(void
				                    *)((char *)p->opts + o->at))
				         ->list);
	free(p->opts);
	free(p->operands);
	memset(p, 0, sizeof(*p));
}
