#!/bin/sh
# demo.sh: the main job of valise on real files, before your eyes.
#
# On a machine with nothing but Debian 12 and this clone: installs what is
# missing, builds the preset `release`, then carries a small application, a
# tree and a database with a secret in it, across and shows at each step why it
# may be believed.  Stops at the first surprise.  Leaves nothing in the clone but
# build/, which git ignores.
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

say "And a database: boards with cards, which people have"
# The application keeps the password of a board's booking encrypted, as n8n does
# it, under a key that each side has for itself.  $1: whose; then words of
# openssl.
encrypt() {
	key=file:$1.key
	shift
	openssl enc -aes-256-cbc -md md5 -base64 -A -pass "$key" "$@" 2>/dev/null
}
# What the application of $1 sees.
booking() {
	sqlite3 "$1/app.db" "select booking from board where title = 'Journey'" |
		encrypt "$1" -d
}
for side in source target; do
	(umask 077 && openssl rand -base64 24 >$side.key)
done
# $1: whose; statements on stdin.
database() {
	{
		cat <<'SQL'
create table person(id integer primary key, mail text not null unique,
	name text);
create table board(id integer primary key, title text not null unique,
	owner_id integer references person(id), booking text);
create table card(id integer primary key, title text not null,
	board_id integer not null references board(id),
	who_id integer references person(id), after text,
	unique(board_id, title));
SQL
		cat
	} | sqlite3 "$1/app.db"
}
database source <<SQL
insert into person values (1, 'ada@example.org', 'Ada'),
	(2, 'blaise@example.org', 'Blaise');
insert into board values (1, 'Journey', 1,
	'$(printf 'seat 12, by the window' | encrypt source)');
insert into card values (1, 'pack', 1, 2, '{"cards": []}'),
	(2, 'leave', 1, 1, '{"cards": [1]}');
SQL
echo "The target has one, too.  There Blaise is 1, and so is another board:"
database target <<SQL
insert into person values (1, 'blaise@example.org', 'B.'),
	(2, 'carla@example.org', 'Carla');
insert into board values (1, 'Garden', 2,
	'$(printf 'the key is below the pot' | encrypt target)');
insert into card values (1, 'water', 1, 2, null), (2, 'sow', 1, 1, null);
SQL
cards() {
	echo "$1/app.db:"
	sqlite3 -header -column "$1/app.db" "select card.id, board.title as
	board, card.title as card, after, person.name as who, who_id
	from card join board on board.id = board_id
	left join person on person.id = who_id order by card.id"
}
cards source
cards target

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
  - name: app
    kind: sqlite
    path: $work/$side/app.db
master_keys:
  - {name: app, file: $work/$side.key}
profile:
  resources:
    - resource: app
      tables:
        - {table: person, key: [mail]}
        - {table: board, key: [title]}
        - {table: card, key: [board_id, title]}
      references:
        - {from: card.after, json: "\$.cards[*]", to: card}
      secrets:
        - {column: board.booking, master_key: app, cipher: n8n}
YAML
done
printf 'trust:\n  - {sender: keys/sender.pub}\n' >>target.yaml
cat target.yaml
echo "A profile says by what a row is known; foreign keys speak for themselves."
show valise check-profile source.yaml

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

say "Preview: what would happen at the target, rows by name"
before=$(b2sum target/app.db)
show valise-import target.yaml "$bundle" --identity keys/recipient.key \
	--preview >preview
grep '^app .* [~+-] ' preview
tail -n 3 preview
[ ! -e target/tree ] || surprise "the preview made the target"
[ "$before" = "$(b2sum target/app.db)" ] ||
	surprise "the preview changed the database"

say "Import: files and rows, all or nothing"
echo "The target has rows of its own, so the first import wants to be asked:"
show valise-import target.yaml "$bundle" --identity keys/recipient.key --yes \
	--allow-delete
echo "The target's ids are the target's, inside of values, too:"
cards target

# What the cards of the journey say, without an id.
journey() {
	sqlite3 "$1/app.db" "select card.title, person.mail, person.name, (
		select group_concat(other.title) from
		json_each(card.after, '\$.cards') as id
		join card as other on other.id = id.value)
	from card join board on board.id = board_id
	left join person on person.id = who_id
	where board.title = 'Journey' order by card.title"
}
# Both trees, compared by rsync with content and every attribute; and rows.
compare() {
	differ=$(rsync -naHc --delete -i source/tree/ target/tree/)
	[ -z "$differ" ] || surprise "the trees differ: $differ"
	echo "rsync -naHc --delete -i finds no difference"
	[ "$(journey source)" = "$(journey target)" ] ||
		surprise "the rows differ: $(journey target)"
	echo "the cards of the journey say the same on both sides"
	[ "$(booking source)" = "$(booking target)" ] ||
		surprise "the secrets differ"
	echo "its booking, with the target's key: $(booking target)"
}
compare

say "The source moves on: changes, additions, deletions, a new mode"
echo '/* changed */' >>source/tree/stdio.h
mkdir source/tree/new
echo 'int new;' >source/tree/new/new.h
rm -r source/tree/arpa
chmod 600 source/tree/errno.h
sqlite3 source/app.db <<SQL
update person set name = 'Ada L.' where id = 1;
update board set booking =
	'$(printf 'seat 14, by the door' | encrypt source)';
delete from card where title = 'leave';
insert into card values (3, 'book a coach', 1, 2, '{"cards": [1]}');
SQL
show valise-export source.yaml --to medium --sign-key keys/sender.key \
	--recipient keys/recipient.pub >bundle.path
bundle=$(cat bundle.path)
show valise-import target.yaml "$bundle" --identity keys/recipient.key \
	--preview >preview
grep -v '^files  [~+-] new' preview
grep -q ' s .*secret changed' preview ||
	surprise "the preview says nothing of the secret"
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
cp target/app.db before.db
code=0
show valise-import target.yaml "$bundle" --identity keys/recipient.key \
	--yes || code=$?
[ "$code" -eq 5 ] || surprise "exit code $code, not 5"
differ=$(rsync -naHc --delete -i before/ target/tree/)
[ -z "$differ" ] || surprise "the refused import changed: $differ"
cmp before.db target/app.db || surprise "the refused import changed rows"
echo "refused with exit code 5; the target is what it was"

say "That was valise.  Read on:"
echo "  README.md             a first transfer by hand"
echo "  docs/architecture.md  how it is built"
echo "  docs/profiles.md      how to say what the rows of a database mean"
echo "  docs/secrets.md       secrets that an application keeps encrypted"
echo "  docs/security.md      who can do what with which key"
echo "  docs/transaction.md   why it is all or nothing"
