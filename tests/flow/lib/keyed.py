"""A site whose secret keys can be put under a password."""
from flow import Flow

PASSWORD = "a password of keys"
OTHER = "another one of keys"
BUNDLE = "a password of bundles"
LOCKED = {}  # what `key password` made of a key, by its bytes before


class Keys(Flow):
    def setUp(self):
        super().setUp()
        self.password = self.put("password", PASSWORD)
        self.other = self.put("other", OTHER)
        self.bundle_password = self.put("bundle-password", BUNDLE)
        self.sender = self.site.keys / "sender.key"
        self.recipient = self.site.keys / "recipient.key"

    def put(self, name, text):
        path = self.folder / name
        path.write_text(text + "\n")
        path.chmod(0o600)
        return path

    def key_password(self, path, *words, expect=0):
        if "--remove" not in words:
            words = (*words, "--kdf", "light")
        return self.site.run("valise", "key", "password", path, *words,
                             expect=expect)

    def lock(self, *paths, password=None):
        for path in paths:
            self.key_password(path, "--new-key-password-file",
                              password or self.password)

    def lock_as_before(self, *paths):
        """The same for keys that all sites have, once for all of them."""
        for path in paths:
            before = path.read_bytes()
            if before in LOCKED:
                path.write_bytes(LOCKED[before])
            else:
                self.lock(path)
                LOCKED[before] = path.read_bytes()

    def ls(self, bundle, *words, expect=0):
        return self.site.run("valise", "ls", bundle, *self.site.identity,
                             *words, expect=expect)
