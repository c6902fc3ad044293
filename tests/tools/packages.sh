# Which Debian packages the two commands need, and how they get them.
# Read by tests/run.sh and docs/demo.sh; needs POSIX sh.

# shellcheck shell=sh disable=SC2034 # the lists are used by who reads this

# To build, and to carry a tree by hand.
packages_build="build-essential cmake ninja-build pkg-config libsodium-dev
libzstd-dev libcjson-dev libxxhash-dev libyaml-dev libarchive-dev
libunistring-dev libpcre2-dev libsqlite3-dev zlib1g-dev libssl-dev"
packages_demo="minisign rsync sqlite3 openssl"
# To run every test.
packages_test="libcmocka-dev minisign rsync sqlite3 git python3 clang
libclang-rt-14-dev clang-format libfuse3-dev fuse3 e2fsprogs attr acl strace
exfat-fuse exfatprogs python3-nacl python3-zstandard python3-xxhash
python3-yaml python3-cryptography openssl ansible-core sqlite3-tools"
# Of which tests only read files: schemas of databases.
packages_read="mediawiki roundcube-core"

# install_missing PACKAGE...: only those that are not there; says which.
install_missing() {
	missing=
	for package in "$@"; do
		state=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
			2>/dev/null) || state=
		[ "$state" = installed ] || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0

	as_root=
	if [ "$(id -u)" -ne 0 ]; then
		as_root=sudo
	fi
	echo "installing:$missing"
	$as_root apt-get update -q
	# shellcheck disable=SC2086 # a list of words
	$as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get install -q -y --no-install-recommends $missing
}

# unpack_missing DIR PACKAGE...: below DIR, nothing is installed.  Whoever
# cannot fetch one does without, and the tests that read it say so.
unpack_missing() {
	into=$1
	shift
	for package in "$@"; do
		[ ! -e "$into/.$package" ] || continue
		mkdir -p "$into/new"
		echo "unpacking: $package"
		(
			cd "$into/new"
			apt-get download -q "$package" &&
				dpkg -x ./*.deb .. && : >"../.$package"
		) || echo "cannot fetch $package"
		rm -rf "$into/new"
	done
}
