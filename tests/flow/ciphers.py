"""Ciphers at rest and the programs that they are of: what one writes the other
opens, both ways (formats/ciphers.md)."""
import base64
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import nacl.secret
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.ciphers import (Cipher, algorithms,
                                                        modes)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-cryptography)")
    sys.exit(77)

ROOT = Path(__file__).resolve().parents[2]
TOOL = Path(os.environ["VALISE_BIN"]) / "tests/tools/cipher"
PROFILES = ROOT / "formats/profiles"
FORMAT, AUTH = 5, 105

# Without the words that n8n and Node-RED have around them: cipher.ts of n8n,
# credentials.js of Node-RED.
NODE = """
const c = require('crypto');
const md5 = (...parts) => c.createHash('md5').update(
    Buffer.concat(parts)).digest();
function n8n(key, salt) {
    const password = Buffer.concat([Buffer.from(key, 'binary'), salt]);
    const one = md5(password), two = md5(one, password);
    return ['aes-256-cbc', Buffer.concat([one, two]), md5(two, password)];
}
const red = (key, iv) => ['aes-256-ctr',
    c.createHash('sha256').update(key).digest(), iv];
const run = {
    n8nseal(key, text) {
        const salt = c.randomBytes(8);
        const x = c.createCipheriv(...n8n(key, salt));
        return Buffer.concat([Buffer.from('53616c7465645f5f', 'hex'), salt,
            x.update(text), x.final()]).toString('base64');
    },
    n8nopen(key, text) {
        const all = Buffer.from(text, 'base64');
        const x = c.createDecipheriv(...n8n(key, all.subarray(8, 16)));
        return Buffer.concat([x.update(all.subarray(16)),
            x.final()]).toString('utf-8');
    },
    redseal(key, text) {
        const iv = c.randomBytes(16), x = c.createCipheriv(...red(key, iv));
        return iv.toString('hex') + x.update(text, 'utf8', 'base64') +
            x.final('base64');
    },
    redopen(key, text) {
        const iv = Buffer.from(text.substring(0, 32), 'hex');
        const x = c.createDecipheriv(...red(key, iv));
        return x.update(text.substring(32), 'base64', 'utf8') +
            x.final('utf8');
    },
};
const jobs = JSON.parse(require('fs').readFileSync(0));
console.log(JSON.stringify(jobs.map(([how, key, text]) =>
    run[how](key, text))));
"""


def b64(data):
    return base64.b64encode(data).decode()


class Vault:
    """A cipher with a master key, in the test's program."""

    def __init__(self, key, *words):
        key = key if isinstance(key, bytes) else key.encode()
        self.process = subprocess.Popen(
            [TOOL, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        self.say("key", key)

    def say(self, word, data):
        self.process.stdin.write(f"{word} {b64(data)}\n")
        self.process.stdin.flush()

    def ask(self, word, data):
        self.say(word, data if isinstance(data, bytes) else data.encode())
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        if word == "ok":
            return base64.b64decode(rest)
        return int(rest.split()[0])

    def open(self, value):
        return self.ask("open", value)

    def seal(self, plain):
        return self.ask("seal", plain)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def texts(seed, n):
    r = random.Random(seed)
    for size in (0, 1, 15, 16, 17, 31, 32, 33, 100, 1000, 5000)[:n]:
        yield "".join(r.choice("abc ß€\n\"{}") for _ in range(size))


def aes_cbc(key, iv, data, seal):
    x = Cipher(algorithms.AES(key), modes.CBC(iv))
    if seal:
        n = 16 - len(data) % 16
        x = x.encryptor()
        return x.update(data + bytes([n]) * n) + x.finalize()
    x = x.decryptor()
    data = x.update(data) + x.finalize()
    assert 1 <= data[-1] <= 16 and data.endswith(data[-1:] * data[-1])
    return data[:-data[-1]]


class Named(unittest.TestCase):
    """Those that are compiled in."""

    def test_fernet_of_python_cryptography(self):
        key = Fernet.generate_key()
        theirs = Fernet(key)
        with Vault(key, "fernet") as ours, \
                Vault(Fernet.generate_key(), "fernet") as other:
            for text in texts(1, 11):
                text = text.encode()
                self.assertEqual(text, ours.open(theirs.encrypt(text)))
                self.assertEqual(text, theirs.decrypt(ours.seal(text)))
                self.assertEqual(AUTH, other.open(theirs.encrypt(text)))

    def test_gcm_of_python_cryptography(self):
        key = AESGCM.generate_key(256)
        theirs = AESGCM(key)
        with Vault(b64(key), "aes-256-gcm") as ours:
            for text in texts(2, 11):
                text, iv = text.encode(), os.urandom(12)
                self.assertEqual(text, ours.open(b64(
                    iv + theirs.encrypt(iv, text, None))))
                value = base64.b64decode(ours.seal(text))
                self.assertEqual(text, theirs.decrypt(
                    value[:12], value[12:], None))

    def test_secretbox_of_nacl(self):
        key = os.urandom(32)
        theirs = nacl.secret.SecretBox(key)
        with Vault(b64(key), "secretbox") as ours:
            for text in texts(3, 11):
                text = text.encode()
                self.assertEqual(text, ours.open(b64(theirs.encrypt(text))))
                self.assertEqual(text, theirs.decrypt(
                    base64.b64decode(ours.seal(text))))

    def test_octopus_by_its_own_description(self):
        export = hashlib.pbkdf2_hmac("sha1", b"a password", b"Octopuss",
                                     1000, 16)
        for name, master, key in (
                ("octopus-aes128", b64(bytes(range(16))), bytes(range(16))),
                ("octopus-aes256", b64(bytes(range(32))), bytes(range(32))),
                ("octopus-export", "a password", export)):
            with Vault(master, name) as ours:
                for text in texts(4, 11):
                    text, iv = text.encode(), os.urandom(16)
                    value = f"{b64(aes_cbc(key, iv, text, True))}|{b64(iv)}"
                    self.assertEqual(text, ours.open(value))
                    sealed, iv = map(base64.b64decode,
                                     ours.seal(text).split(b"|"))
                    self.assertEqual(text, aes_cbc(key, iv, sealed, False))

    @unittest.skipUnless(shutil.which("openssl"), "openssl")
    def test_n8n_by_openssl(self):
        words = ["openssl", "enc", "-aes-256-cbc", "-md", "md5", "-a", "-A",
                 "-pass", "stdin"]
        key = "a master key"

        def openssl(data, *more):
            with tempfile.TemporaryFile() as f:
                f.write(data)
                f.seek(0)
                return subprocess.run(
                    [*words, *more, "-in", f"/proc/self/fd/{f.fileno()}"],
                    input=key.encode() + b"\n", stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL, check=True,
                    pass_fds=[f.fileno()]).stdout

        with Vault(key, "n8n") as ours:
            for text in texts(5, 9):
                text = text.encode()
                self.assertEqual(text, openssl(ours.seal(text), "-d"))
                self.assertEqual(text, ours.open(openssl(text)))

    @unittest.skipUnless(shutil.which("ansible-vault"), "ansible-core")
    def test_ansible_vault(self):
        with tempfile.TemporaryDirectory() as folder, \
                Vault("a password", "ansible-vault") as ours, \
                Vault("another password", "ansible-vault") as other:
            folder = Path(folder)
            (folder / "password").write_text("a password\n")

            def theirs(*words):
                subprocess.run(
                    ["ansible-vault", *words], check=True, cwd=folder,
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    env={"PATH": os.environ["PATH"], "HOME": str(folder)})

            text = "password: geheim\nother: ß\n" * 20
            for name in ("one", "two"):
                (folder / name).write_text(text)
            theirs("encrypt", "--vault-password-file", "password", "one")
            theirs("encrypt", "--vault-id", "prod@password",
                   "--encrypt-vault-id", "prod", "two")
            for name in ("one", "two"):
                value = (folder / name).read_bytes()
                self.assertEqual(text.encode(), ours.open(value))
                self.assertEqual(AUTH, other.open(value))
            self.assertIn(b";1.2;AES256;prod\n", value)
            sealed = [folder / f"sealed{i}" for i in range(4)]
            for file, text in zip(sealed, ("", "a", "x" * 16, text)):
                file.write_bytes(ours.seal(text))
            theirs("decrypt", "--vault-password-file", "password",
                   *map(str, sealed[1:]))
            self.assertEqual(text, sealed[3].read_text())
            self.assertEqual("x" * 16, sealed[2].read_text())
            self.assertEqual("a", sealed[1].read_text())


class Declared(unittest.TestCase):
    """Those of formats/profiles."""

    def vault(self, key, file, name):
        return Vault(key, PROFILES / f"{file}.yaml", name)

    # Made by ruby-activesupport 6.1.7 of Debian, with
    # KeyGenerator.new("a" * 64, iterations: 1000).generate_key("a salt", 32)
    # and the serializer JSON, over {"password" => "geheim"}.
    RAILS = {
        "rails-message":
            "g+kKr5J6FXhDskLKUZCfczT3CFgi--nsviIRukThSm7s74--"
            "aVP7vOxff3NN7KFasqdaEQ==",
        "rails-message-cbc":
            "c2x5RjZyL3VJbDY0czRpa01CbUZYRDlpVk9PYU1CcVVXSkNhclR1aHRodz0t"
            "LVN0a3dwM0E0MVhSSlorSXdMWmVyNGc9PQ==--"
            "0ae87f6db22b0e865cb849c7efed9b1728572502"}

    def test_messages_of_rails(self):
        for name, value in self.RAILS.items():
            with self.vault("a" * 64, "rails", name) as ours:
                self.assertEqual(b'{"password":"geheim"}', ours.open(value))
                again = ours.seal('{"password":"geheim"}')
                self.assertEqual(len(value), len(again))
                self.assertEqual(b'{"password":"geheim"}', ours.open(again))
                self.assertEqual(FORMAT, ours.open(value[:-1]))
            with self.vault("b" * 64, "rails", name) as other:
                self.assertEqual(AUTH, other.open(value))

    @unittest.skipUnless(
        shutil.which("ruby") and subprocess.run(
            ["ruby", "-e", "require 'active_support'"], check=False,
            stderr=subprocess.DEVNULL).returncode == 0,
        "ruby-activesupport")
    def test_rails_opens_what_is_sealed_for_it(self):
        script = """
            require 'active_support'
            require 'active_support/message_encryptor'
            require 'active_support/key_generator'
            require 'json'
            key = ActiveSupport::KeyGenerator.new('a' * 64,
                iterations: 1000).generate_key('a salt', 32)
            ['aes-256-gcm', 'aes-256-cbc'].each do |cipher|
                m = ActiveSupport::MessageEncryptor.new(key, cipher: cipher,
                    digest: 'SHA1', serializer: JSON)
                puts m.decrypt_and_verify(gets.strip)['password']
            end"""
        values = []
        for name in self.RAILS:
            with self.vault("a" * 64, "rails", name) as ours:
                values.append(ours.seal('{"password":"geheim-ß"}'))
        said = subprocess.run(["ruby", "-e", script], check=True,
                              input=b"\n".join(values) + b"\n",
                              stdout=subprocess.PIPE).stdout
        self.assertEqual("geheim-ß\n" * 2, said.decode())

    def test_attributes_of_rails(self):
        """Made with OpenSSL of Ruby as message_serializer.rb and
        cipher/aes256_gcm.rb of activerecord 7.0 do it."""
        value = ('{"p":"Fj6SwojR","h":{"iv":"aHsjFwOPvPD8h5Or",'
                 '"at":"Dv+e2Mwt/n//+NG68IEahg=="}}')
        with self.vault("primary key", "rails", "rails-attribute") as ours:
            self.assertEqual(b"geheim", ours.open(value))
            again = json.loads(ours.seal("geheim"))
            self.assertEqual(["p", "h"], list(again))
            self.assertEqual(["iv", "at"], list(again["h"]))
            key = hashlib.pbkdf2_hmac("sha1", b"primary key", b"a salt",
                                      65536, 32)
            p, iv, tag = map(base64.b64decode, (
                again["p"], again["h"]["iv"], again["h"]["at"]))
            self.assertEqual(b"geheim", AESGCM(key).decrypt(
                iv, p + tag, None))
            self.assertEqual(b"in clear", ours.open("in clear"))
            compressed = value.replace('"}}', '","c":true}}')
            self.assertEqual(FORMAT, ours.open(compressed))

    def test_attr_encrypted_of_gitlab(self):
        """Made by ruby-attr-encrypted 3.1.0 and ruby-encryptor 3.0.0 of
        Debian, with the options that GitLab gives."""
        value = ("i7/di7aCU3PV6oOJEQkUcNo/Vp6qSEU6J/o0t7+QJnjn/GeDXSkF4l0yCKQM"
                 "\nOPYBDDH7TwH5G5rtOJILG1p9l4DNmsClOxQ1V6qhIfmv0jKoPTS83gmZpSC2"
                 "\no0FKRUYNiS8TfA==\n|tTgoZ0aYf37z2pEu\n")
        long = "0123456789abcdef0123456789abcdef and more"
        with self.vault(long, "gitlab", "gitlab") as ours:
            text = b"geheim " * 12
            self.assertEqual(text, ours.open(value))
            again = ours.seal(text)
            self.assertEqual(text, ours.open(again))
            self.assertEqual([len(line) for line in value.split("\n")],
                             [len(line) for line in again.split(b"\n")])
        raw = bytes.fromhex("37837ad88872fffa87b41261"
                            "d32a8e7eb4abfb85f22b9b6eeb720a3fc7eb643b5861")
        with self.vault("short", "gitlab", "gitlab-binary") as ours:
            self.assertEqual(b"geheim", ours.open(raw))
            self.assertEqual(len(raw), len(ours.seal("geheim")))

    def test_jenkins_by_its_own_source(self):
        key = bytes(range(16))
        with self.vault(key.hex(), "jenkins", "jenkins") as ours:
            for text in texts(6, 11):
                text, iv = text.encode(), os.urandom(16)
                sealed = aes_cbc(key, iv, text, True)
                head = b"\1" + (16).to_bytes(4, "big") + len(
                    sealed).to_bytes(4, "big")
                value = "{" + b64(head + iv + sealed) + "}"
                self.assertEqual(text, ours.open(value))
                again = ours.seal(text)
                self.assertEqual(b"{", again[:1])
                again = base64.b64decode(again[1:-1], validate=True)
                self.assertEqual(head, again[:9])
                self.assertEqual(text, aes_cbc(
                    key, again[9:25], again[25:], False))
            self.assertEqual(b"in clear", ours.open("in clear"))

    @unittest.skipUnless(shutil.which("node"), "nodejs")
    def test_n8n_and_node_red_with_the_crypto_of_node(self):
        key = "schlüssel-€"
        for name, words, short in (
                ("n8n", ["n8n"], "n8n"),
                ("node-red", [PROFILES / "node-red.yaml", "node-red"],
                 "red")):
            all_texts = list(texts(7, 9))
            with Vault(key, *words) as ours:
                jobs = [[short + "seal", key, text] for text in all_texts]
                jobs += [[short + "open", key, ours.seal(text).decode()]
                         for text in all_texts]
                said = json.loads(subprocess.run(
                    ["node", "-e", NODE], input=json.dumps(jobs).encode(),
                    stdout=subprocess.PIPE, check=True).stdout)
                for text, sealed, opened in zip(
                        all_texts, said, said[len(all_texts):]):
                    self.assertEqual(text.encode(), ours.open(sealed), name)
                    self.assertEqual(text, opened, name)

    def test_node_red_by_its_own_source(self):
        key = hashlib.sha256(b"a secret").digest()
        with self.vault("a secret", "node-red", "node-red") as ours:
            for text in texts(8, 11):
                text, iv = text.encode(), os.urandom(16)
                x = Cipher(algorithms.AES(key), modes.CTR(iv)).encryptor()
                self.assertEqual(text, ours.open(
                    iv.hex() + b64(x.update(text))))
                again = ours.seal(text).decode()
                x = Cipher(algorithms.AES(key), modes.CTR(
                    bytes.fromhex(again[:32]))).decryptor()
                self.assertEqual(text, x.update(
                    base64.b64decode(again[32:])))


class Programs(unittest.TestCase):
    def test_a_program_speaks_for_a_cipher(self):
        """The test's program is one that can be declared, too."""
        with tempfile.TemporaryDirectory() as folder:
            profile = Path(folder) / "profile.yaml"
            profile.write_text(
                "ciphers:\n- name: theirs\n"
                f"  command: [{json.dumps(str(TOOL))}, fernet]\n")
            key = Fernet.generate_key()
            with Vault(key, profile, "theirs") as ours:
                for text in texts(9, 11):
                    text = text.encode()
                    self.assertEqual(text, Fernet(key).decrypt(
                        ours.seal(text)))
                    self.assertEqual(text, ours.open(
                        Fernet(key).encrypt(text)))
                self.assertEqual(AUTH, ours.open("no token"))


if __name__ == "__main__":
    unittest.main()
