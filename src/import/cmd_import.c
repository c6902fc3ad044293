/*
 * valise-import SITE.yaml DIR, and its --preview, --status and --recover.
 *
 * Which words go together is looked at before anything is opened.
 */

#include <valise/text.h>

#include "import.h"

#define SHOWN    120
#define WAIT_MAX 604800 /* a week */

enum {
	IMPORT = 1,
	PREVIEW = 2,
	STATUS = 4,
	RECOVER = 8
};

#define AT(member) offsetof(struct import_opts, member)

static const struct vl_opt table[] = {
	{ .name = "preview",
	    .type = VL_OPT_FLAG,
	    .at = AT(preview),
	    .help = "show what an import would change; change nothing" },
	{ .name = "exit-code",
	    .type = VL_OPT_FLAG,
	    .at = AT(exit_code),
	    .help = "with --preview: exit 10 when something differs" },
	{ .name = "yes",
	    .type = VL_OPT_FLAG,
	    .at = AT(yes),
	    .help = "do not ask whether to go on" },
	{ .name = "allow-delete",
	    .type = VL_OPT_FLAG,
	    .at = AT(allow_delete),
	    .help = "delete also more than a fifth of a resource, and at the "
	            "first import" },
	{ .name = "on-match",
	    .arg = "overwrite|skip|fail",
	    .type = VL_OPT_TEXT,
	    .at = AT(on_match),
	    .help = "what is there already; default: as SITE.yaml says" },
	{ .name = "allow-schema-drift",
	    .type = VL_OPT_FLAG,
	    .at = AT(allow_drift),
	    .help = "take rows also where the target's tables differ in what "
	            "no row needs" },
	{ .name = "plan",
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = AT(plan),
	    .help = "with --preview: write to FILE what would be done, to be "
	            "edited; else: do what FILE says, and no more" },
	{ .name = "map",
	    .arg = "FILE",
	    .type = VL_OPT_TEXT,
	    .at = AT(map),
	    .help = "records that are others here: lines of RESOURCE/TABLE, "
	            "tab, key there, tab, key here (or 'by COLUMN')" },
	VL_ONLY_OPT(struct import_opts, only, "import"),
	{ .name = "trust",
	    .arg = "PUB",
	    .type = VL_OPT_LIST,
	    .at = AT(trust),
	    .help = "trust the sender whose public key (sender.pub) this is" },
	VL_KEY_OPTS(struct import_opts, keys),
	{ .name = "wait",
	    .arg = "SECONDS",
	    .type = VL_OPT_NUMBER,
	    .at = AT(wait),
	    .max = WAIT_MAX,
	    .env = true,
	    .help = "wait for another run, and for who locks a database; "
	            "default 0" },
	VL_WORKERS_OPT(struct import_opts, workers),
	VL_JSON_OPT(struct import_opts, json, "JSON lines on stdout"),
	{ .name = "require-sandbox",
	    .type = VL_OPT_FLAG,
	    .at = AT(sandbox),
	    .help = "refuse where the reader cannot be locked in wholly" },
	{ .name = "status",
	    .type = VL_OPT_FLAG,
	    .at = AT(status),
	    .help = "say how things stand; change nothing" },
	{ .name = "recover",
	    .type = VL_OPT_FLAG,
	    .at = AT(recover),
	    .help = "finish or undo what a killed run left, and no more" },
	{ .name = "keep-theirs",
	    .arg = "PATH",
	    .type = VL_OPT_LIST,
	    .at = AT(keep_theirs),
	    .help = "with --recover: leave PATH as somebody changed it" },
	{ .name = "take-ours",
	    .arg = "PATH",
	    .type = VL_OPT_LIST,
	    .at = AT(take_ours),
	    .help = "with --recover: PATH becomes what the bundle says" },
	{ .name = "abandon",
	    .type = VL_OPT_FLAG,
	    .at = AT(abandon),
	    .help = "with --recover: end an import that cannot go on, as it "
	            "stands" },
	{ .name = "state-lost",
	    .type = VL_OPT_FLAG,
	    .at = AT(state_lost),
	    .help = "with --recover: go by the staging directories" },
	{ .name = "state",
	    .arg = "DIR",
	    .type = VL_OPT_TEXT,
	    .at = AT(state),
	    .help = "with --status, --recover: this state directory, in place "
	            "of SITE.yaml" },
	{ .name = "hooks", .type = VL_OPT_LATER },
	{ .name = "receipt", .type = VL_OPT_LATER },
	{ .name = "undo", .type = VL_OPT_LATER },
	{ .name = "forget", .type = VL_OPT_LATER }, { .name = NULL }
};

static enum vl_status
choose_mode(unsigned *mode, const struct import_opts *o, struct vl_err *err)
{
	if (o->preview + o->status + o->recover > 1)
		return vl_fail(err, VL_EUSAGE,
		    "give one of '--preview', '--status' and '--recover'");
	*mode = o->preview ? PREVIEW :
	    o->status      ? STATUS :
	    o->recover     ? RECOVER :
	                     IMPORT;
	return VL_OK;
}

/* No word may be given where it would do nothing. */
static enum vl_status
check_options(const struct import_opts *o, unsigned mode, struct vl_err *err)
{
	const struct {
		bool given;
		const char *name;
		unsigned modes;
		const char *with;
	} rules[] = {
		{ o->exit_code, "exit-code", PREVIEW, "--preview" },
		{ o->yes, "yes", IMPORT | PREVIEW, "a bundle" },
		{ o->allow_delete, "allow-delete", IMPORT | PREVIEW,
		    "a bundle" },
		{ o->allow_drift, "allow-schema-drift", IMPORT | PREVIEW,
		    "a bundle" },
		{ o->on_match != NULL, "on-match", IMPORT | PREVIEW,
		    "a bundle" },
		{ o->plan != NULL, "plan", IMPORT | PREVIEW, "a bundle" },
		{ o->map != NULL, "map", IMPORT | PREVIEW, "a bundle" },
		{ o->only.n > 0, "only", IMPORT | PREVIEW, "a bundle" },
		{ o->trust.n > 0, "trust", IMPORT | PREVIEW, "a bundle" },
		{ o->sandbox, "require-sandbox", IMPORT | PREVIEW, "a bundle" },
		{ o->keep_theirs.n > 0, "keep-theirs", RECOVER, "--recover" },
		{ o->take_ours.n > 0, "take-ours", RECOVER, "--recover" },
		{ o->abandon, "abandon", RECOVER, "--recover" },
		{ o->state_lost, "state-lost", RECOVER, "--recover" },
		{ o->state != NULL, "state", STATUS | RECOVER,
		    "--status or --recover" },
	};
	size_t i = 0;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].given && (rules[i].modes & mode) == 0)
			return vl_fail(err, VL_EUSAGE, "'--%s' goes with %s",
			    rules[i].name, rules[i].with);
	if (o->state != NULL && o->state_lost)
		return vl_fail(err, VL_EUSAGE,
		    "'--state-lost' needs SITE.yaml, which says where the "
		    "trees are, in place of '--state'");
	return VL_OK;
}

static enum vl_status
check_operands(const struct vl_args *args, unsigned mode, struct vl_err *err)
{
	const struct import_opts *o = args->opts;
	const bool bundle = (mode & (IMPORT | PREVIEW)) != 0;
	const size_t wanted = bundle ? 2 : o->state != NULL ? 0 : 1;
	char shown[SHOWN];

	if (args->n == wanted)
		return VL_OK;
	if (args->n > wanted && bundle)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is one word too many; one bundle at a time",
		    vl_escape_text(shown, sizeof(shown),
		        vl_slice_of(args->operands[wanted])));
	if (args->n > wanted)
		return vl_fail(err, VL_EUSAGE, "'%s' takes %s",
		    o->status ? "--status" : "--recover",
		    wanted == 0 ? "no SITE.yaml beside '--state'" :
		                  "no bundle");
	if (!bundle)
		return vl_fail(
		    err, VL_EUSAGE, "SITE.yaml or '--state DIR' is missing");
	if (args->n == 0)
		return vl_fail(err, VL_EUSAGE,
		    "SITE.yaml and DIR, the bundle, are "
		    "missing; see '--help'");
	return vl_fail(err, VL_EUSAGE,
	    "DIR, the directory of the bundle, is missing; see '--help'");
}

static enum vl_status
load_site(struct run *run, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (run->opts->state != NULL)
		return VL_OK;
	st = vl_site_load(&run->site, run->args->operands[0], err);
	if (st != VL_OK && (run->opts->recover || run->opts->status))
		vl_cli_note("note: '--state DIR', with the state directory of "
		            "the site, does without SITE.yaml");
	return st;
}

static enum vl_status
import_run(const struct vl_args *args, struct vl_err *err)
{
	struct run run = { .args = args, .opts = args->opts };
	enum vl_status st = VL_OK;
	unsigned mode = 0;

	st = choose_mode(&mode, run.opts, err);
	if (st == VL_OK)
		st = check_options(run.opts, mode, err);
	if (st == VL_OK)
		st = check_operands(args, mode, err);
	if (st == VL_OK && mode == IMPORT && !run.opts->yes &&
	    !vl_cli_interactive())
		st = vl_fail(err, VL_EUSAGE,
		    "there is no terminal to ask on whether to import; give "
		    "'--yes', or look first with '--preview'");
	if (st == VL_OK)
		st = load_site(&run, err);
	if (st == VL_OK)
		st = mode == STATUS ? status_run(&run, err) :
		    mode == RECOVER ? recover_run(&run, err) :
		                      transfer_run(&run, err);
	vl_state_free(run.state);
	vl_held_keys_free(&run.keys);
	view_free(&run.view);
	vl_map_list_free(&run.told);
	vl_plan_free(run.plan);
	free(run.map);
	vl_site_free(run.site);
	return st;
}

const struct vl_cmd vl_cmd_import = {
	.operands = "SITE.yaml DIR",
	.help = "import the bundle in DIR into the site of SITE.yaml",
	.about = "With --preview it shows what it would do. With --status "
	         "or --recover in place of\nDIR it says what a killed run "
	         "left, or finishes or undoes it; there '--state DIR'\nmay "
	         "stand in place of SITE.yaml.",
	.opts = table,
	.opts_size = sizeof(struct import_opts),
	.max_operands = SIZE_MAX, /* counted by check_operands() */
	.run = import_run,
};
