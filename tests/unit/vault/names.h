#ifndef VALISE_TESTS_UNIT_VAULT_NAMES_H
#define VALISE_TESTS_UNIT_VAULT_NAMES_H

/* The ciphers that are compiled in, each with a master key of its kind. */

static const struct {
	const char *name;
	const char *key;
	bool checked; /* it has a MAC: nothing that was altered opens */
} names[] = {
	{ "plain", "", false },
	{ "secretbox", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true },
	{ "aes-256-gcm", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true },
	{ "octopus-aes128", "AAECAwQFBgcICQoLDA0ODw==", false },
	{ "octopus-aes256",
	    "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", false },
	{ "octopus-export", "a password", false },
	{ "n8n", "a master key", false },
	{ "ansible-vault", "a password", true },
	{ "fernet", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", true },
};
#define NAMES (sizeof(names) / sizeof(names[0]))

#endif
