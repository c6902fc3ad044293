#!/bin/sh
# demo.sh: the main job of valise on real files, before your eyes.
#
# On a machine with nothing but Debian 12 and this clone: installs what is
# missing, builds the preset `release`, then carries a tree across and shows
# at each step why it may be believed.  Stops at the first surprise.  Leaves
# nothing in the clone but build/, which git ignores.
set -eu

clone=$(cd "$(dirname "$0")/.." && pwd)
exec </dev/null

say() {
	printf '\n\033[1m== %s\033[0m\n' "$*"
}
[ -t 1 ] || say() {
	printf '\n== %s\n' "$*"
}

# show COMMAND...: print it as one would type it, then run it.  What the
# command itself writes can still go elsewhere.
exec 3>&1
show() {
	printf '$ %s\n' "$*" >&3
	"$@"
}

surprise() {
	echo "demo: that was not to happen: $*" >&2
	exit 1
}

say "What is needed"
# shellcheck source=tests/tools/packages.sh
. "$clone/tests/tools/packages.sh"
# shellcheck disable=SC2086 # lists of words
install_missing $packages_build $packages_demo
echo "all packages are there"

say "Build: cmake --preset release"
cd "$clone"
cmake --preset release -DBUILD_TESTING=OFF >/dev/null
cmake --build --preset release
PATH=$clone/build/release:$PATH

work=$(mktemp -d "${TMPDIR:-/tmp}/valise-demo.XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
mkdir source medium target

say "A tree to carry: the headers of this system"
cp -a /usr/include source/tree
printf 'a name with a newline\n' >"source/tree/two
lines"
ln -s stdio.h source/tree/a-link
echo "$(find source/tree | wc -l) entries, $(du -sh source/tree | cut -f1)"

say "Keys: the sender signs, the recipient opens"
show valise keygen keys
show valise passgen >password
echo "and a password, as a second way to open it"

say "The site, at the source and at the target"
for side in source target; do
	cat >$side.yaml <<YAML
site: demo
state: $work/state-$side
resources:
  - name: files
    kind: files
    path: $work/$side/tree
YAML
done
printf 'trust:\n  - {sender: keys/sender.pub}\n' >>target.yaml
cat target.yaml

say "Export to the medium"
show valise-export source.yaml --to medium --sign-key keys/sender.key \
	--recipient keys/recipient.pub --password-file password >bundle.path
bundle=$(cat bundle.path)
ls -l "$bundle"

say "The guard checks the medium, without a key and without valise"
(
	cd "$bundle"
	show b2sum --strict -c seal.txt
	show minisign -Vm seal.txt -x seal.sig -p "$work/keys/sender.pub"
)

say "Preview: what would happen at the target"
show valise-import target.yaml "$bundle" --identity keys/recipient.key \
	--preview >preview
tail -n 2 preview
[ ! -e target/tree ] || surprise "the preview made the target"

say "Import, all or nothing"
show valise-import target.yaml "$bundle" --identity keys/recipient.key --yes

# Both trees, compared by rsync with content and every attribute.
compare() {
	differ=$(rsync -naHc --delete -i source/tree/ target/tree/)
	[ -z "$differ" ] || surprise "the trees differ: $differ"
	echo "rsync -naHc --delete -i finds no difference"
}
compare

say "The source moves on: a change, an addition, a deletion, a new mode"
echo '/* changed */' >>source/tree/stdio.h
mkdir source/tree/new
echo 'int new;' >source/tree/new/new.h
rm -r source/tree/arpa
chmod 600 source/tree/errno.h
show valise-export source.yaml --to medium --sign-key keys/sender.key \
	--recipient keys/recipient.pub >bundle.path
bundle=$(cat bundle.path)
show valise-import target.yaml "$bundle" --identity keys/recipient.key --yes
compare

say "One byte of the next bundle flips on the way"
echo 'int third;' >source/tree/new/third.h
show valise-export source.yaml --to medium --sign-key keys/sender.key \
	--recipient keys/recipient.pub >bundle.path
bundle=$(cat bundle.path)
byte=$(od -An -tu1 -j5000 -N1 "$bundle/p0000001.vlp")
# shellcheck disable=SC2059 # the format is the byte
printf "\\$(printf %03o $((byte ^ 1)))" |
	dd of="$bundle/p0000001.vlp" bs=1 seek=5000 conv=notrunc status=none
cp -a target/tree before
code=0
show valise-import target.yaml "$bundle" --identity keys/recipient.key \
	--yes || code=$?
[ "$code" -eq 5 ] || surprise "exit code $code, not 5"
differ=$(rsync -naHc --delete -i before/ target/tree/)
[ -z "$differ" ] || surprise "the refused import changed: $differ"
echo "refused with exit code 5; the target is what it was"

say "That was valise.  Read on:"
echo "  README.md             a first transfer by hand"
echo "  docs/architecture.md  how it is built"
echo "  docs/security.md      who can do what with which key"
echo "  docs/transaction.md   why it is all or nothing"
