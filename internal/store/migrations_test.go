package store

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// digests are the SHA-256 digests of all migrations. Databases have them: they never change.
func digests() map[string]string {
	return map[string]string{
		"migrations/postgres/00001_base.sql":                "960429e8fdcc3a60d59cb5568176f1f4b41fd38d1899cbbc2ff60d95da2d0896",
		"migrations/postgres/00002_api_clients.sql":         "4176e9b6a7f2e7310ae9887579326ce8f5fc5106d26a73468df8a47271db56af",
		"migrations/postgres/00003_registry.sql":            "bc9c7ca1f0d42a42f4424ca22270627f779a5040e6ea8b63aa8957a88e2e8e92",
		"migrations/postgres/00004_audit.sql":               "6822250cd7c1404c5dee8154e3ad3c1b87370f47e725b4ae5bd9d714065c4538",
		"migrations/postgres/00005_provision.sql":           "ffe6476acea10ed32d2622c6eb24296dd9330abdc4d01e70e258fd9b40ea2b8f",
		"migrations/postgres/00006_migration.sql":           "380c31b16693ccfd17ee8dd3c56f99ad1905c77419417eb4508d4a7ffe617ccc",
		"migrations/postgres/00007_audit_changes.sql":       "d5eaf6ad19d50c3f37be305e670d5686a2388061f5403791df79cbd5dd744a08",
		"migrations/postgres/00008_migration_groups.sql":    "2ce3b9683092c28a36bec9a86227b8536ddf5a93c2c6269c97400c25f85932d3",
		"migrations/postgres/00009_token_uses.sql":          "881b7967d4fbb233262dce4407f933e6c64a45893d03f999619b58831135ba83",
		"migrations/postgres/00010_audit_replace.sql":       "cc6b97982394b4f3d1539b35dd00877ed2c3c0a85b4f31a43d2e5cd15d47bfe2",
		"migrations/postgres/00011_audit_search.sql":        "7fa8d2480a8fe30d153e96fc2871a67e767fc69f56bac3332ee86633e3ef75c4",
		"migrations/postgres/00012_people.sql":              "06592c8cdec589eb08a5e9534a66ae56ec6ca9a465fd3b7eecc8574b49edc7fc",
		"migrations/postgres/00013_secrets.sql":             "28616aaa0942a7e83a4cb6ac540ebf0c32a3ced020843f106b8a8a2157a6e381",
		"migrations/postgres/00014_audit_heads.sql":         "97fb7efcd07de63d18b447ae878098bacdcd95a3d38212398b56b00f63f825d0",
		"migrations/postgres/00015_provision_addresses.sql": "e08c506f846601af5f580c8146576da6a31fb6c0d4a6f15aafff44a91894301d",
		"migrations/postgres/00016_mended.sql":              "65a3f5c11393c86bdd78045e04be74b98371a3b3f497fdfb62d101c2eff69ef9",
		"migrations/postgres/00017_counts.sql":              "2102e1f73351e57395d8c0cdcc2b20d55605c47d7ee6d3c79f75e6014a32288c",
		"migrations/postgres/00018_audit_clock.sql":         "be09ed9f9a54b408d5dec8edf6cae7e49b1c104214b260bc88827ce11721aa34",
		"migrations/postgres/00020_use_days.sql":            "c4c64118047b45d1011ae530aebf881194e7d4a461dea4b99345eaed26c9383d",
		"migrations/postgres/00021_token_search.sql":        "7d77f22933df1aba22945dabb1b5513ed52216ee0c39c8e160721eaf99b68ba2",
		"migrations/postgres/00022_token_description.sql":   "543c7f7a30f5eeeef3f6f285b07edff2f86fc1b96a45ca01c14119830f1b6cae",
		"migrations/postgres/00023_policy_presets.sql":      "46a76ff007816b248fb65e4177372dd89bd2912828e86b8f52e1c943c9baaf46",
		"migrations/postgres/00024_search.sql":              "7179b19d7eaf85f4f7d65b9d834191ec0312831ea8333521b96de2b4c2e2e72b",
		"migrations/postgres/00025_time_zones.sql":          "f51e5e1de05d1ee5239c9e06ee48c8e3bd4a666de8e0be69251425049e08a2d9",
		"migrations/postgres/00026_attention.sql":           "3f19ff5c120ed12ecbf1e6b8924a0fcaa25666751156ac576a5ce9d2c8665876",
		"migrations/postgres/00027_recovery.sql":            "6f5a9f48cdbf6ee7fbce3fe0918e8018524129fae8757c06b3b1949fa5cd40c3",
		"migrations/postgres/00032_token_rules.sql":         "16dc35a098a306573e628a1a9c2ef1d0eb494a5afc78d1ca6747ece533e9bfe7",
		"migrations/postgres/00031_addresses.sql":           "5455dbc24eb1ff5ae1d7310fa0c8558b960ad3aa955fe2066ecb5da64d2cc777",
		"migrations/postgres/00028_webhooks.sql":            "29eca0fd0a1973f842683ca2fea1f9aecf4df78b6d29f31153e797b17fbe0d55",
		"migrations/postgres/00034_sign_in.sql":             "bd6eb4637741f7f5568997b96005f03fa24776f1c21b149dec83f1bdd0c525ba",
		"migrations/postgres/00035_factors.sql":             "91eacf4a1b688bb64f254e0b8e2a62568b355b9654ab6c1aefb4a0f714a02722",
		"migrations/postgres/00029_token_suspension.sql":    "9cbeca706e4e7960385aacb2aa3ac67badc47d7ff76ed63844a9ae35faec1844",
		"migrations/postgres/00030_token_secrets.sql":       "047da472490ee7bde0987f1f4de66c67ef056931b16110518d27f233b69a7d0a",
		"migrations/postgres/00040_passkeys.sql":            "bcc0d3978b88e20fbcb6575d1ebb5b09508b9fac187f632b04ebe5b81ba4112f",
		"migrations/postgres/00038_identity_providers.sql":  "a5cf7674286cab90d73e4dcb30eb93ef62965d7e56a4124385345ce61e66a9fa",
		"migrations/postgres/00039_provider_sessions.sql":   "b0bd64adc501a055ac6f6cf58613e17ebfd9e7808eb4fa741deb566e84417132",
		"migrations/postgres/00043_secret_hints.sql":        "65b595d43e718aaae96cbaca3c469257d665cb48ed761451368c46d91f069f0a",
		"migrations/postgres/00036_assurance.sql":           "c06488f6beab6b1b8eab0f45597f35acaf7515a0d166b5e41386892e46094a73",
		"migrations/postgres/00037_warnings.sql":            "7d376c92ad4a488620d2ecf0308e2360848fae444c8488b6bfc89253fee2d2e7",
		"migrations/sqlite/00001_base.sql":                  "b2c3e09aa38348f8a0a93f8ca5300bff4a36992c3bf18f2f644e4f2ebd3b510c",
		"migrations/sqlite/00002_api_clients.sql":           "8aa34f8d314a67f4d87f6cba73ae1fb23fd0d5424ebafa64a48c7db4f530ab9a",
		"migrations/sqlite/00003_registry.sql":              "5b96dc83a7509c4f42a38d7cf2b8402d2933c95a4868a1760c0de4c7708411cd",
		"migrations/sqlite/00004_audit.sql":                 "81427290896583afd1117da7713c187c3130c2aa13de040152ffbb4e94fa091f",
		"migrations/sqlite/00005_provision.sql":             "a2eeaa6010ed5a9da635ff5668cfb1d0f8d30343896915973e3614ce15267b21",
		"migrations/sqlite/00006_migration.sql":             "c4546a04bd9116c2f89d6dd7653eb45ec10a0d84a494dbf1682315a3f07e1761",
		"migrations/sqlite/00007_audit_changes.sql":         "d5eaf6ad19d50c3f37be305e670d5686a2388061f5403791df79cbd5dd744a08",
		"migrations/sqlite/00008_migration_groups.sql":      "7bc5f50e1a234c1add1b63dcc1b00505666d0e5cfea57fbe72492b21fdda3c7d",
		"migrations/sqlite/00009_token_uses.sql":            "b3e55c0e9473ce03cc43cf03206c670763d07449fab18f23b728b70048f990cc",
		"migrations/sqlite/00010_audit_replace.sql":         "10c0707c96f4e2e10d6ad37f3229fd632dec1d04210e49624912206a9f968457",
		"migrations/sqlite/00011_audit_search.sql":          "95f26d984fd2b8e259622edd6c8f38ceae6c7a1d09783adc17b87775582fca30",
		"migrations/sqlite/00012_people.sql":                "06592c8cdec589eb08a5e9534a66ae56ec6ca9a465fd3b7eecc8574b49edc7fc",
		"migrations/sqlite/00013_secrets.sql":               "c5ce10521336322c6b1a67d6e7d5700dc57fa29085e44f42269b136706b215b1",
		"migrations/sqlite/00014_audit_heads.sql":           "6d9fdebb348b53fec0c7f2fa845385fa71c9e503b0858f59bdbb0159640f2f73",
		"migrations/sqlite/00015_provision_addresses.sql":   "72556e5da69d7726f0ecce9e050b1c134a9bb2abaec1cf44b298f4cdffa4e7cb",
		"migrations/sqlite/00016_mended.sql":                "65a3f5c11393c86bdd78045e04be74b98371a3b3f497fdfb62d101c2eff69ef9",
		"migrations/sqlite/00017_counts.sql":                "c528a98f7d81166ca785f312dbb0ba88599387c8144bbd930b5c998a3f337abe",
		"migrations/sqlite/00018_audit_clock.sql":           "be09ed9f9a54b408d5dec8edf6cae7e49b1c104214b260bc88827ce11721aa34",
		"migrations/sqlite/00020_use_days.sql":              "3aa7f016dd812b5666eb9779edfecf54f4ab362e1b5ce71e84688323c0022b38",
		"migrations/sqlite/00021_token_search.sql":          "7d77f22933df1aba22945dabb1b5513ed52216ee0c39c8e160721eaf99b68ba2",
		"migrations/sqlite/00022_token_description.sql":     "5f14df4acee72b19e82f5575c2a4fbcec106beeb6db60a6bccf14045b67f2646",
		"migrations/sqlite/00023_policy_presets.sql":        "a3d82cfc44a4b1d7dd9463dd0c15e366a4a38222b172084f1adc15bc4eaad68d",
		"migrations/sqlite/00024_search.sql":                "7179b19d7eaf85f4f7d65b9d834191ec0312831ea8333521b96de2b4c2e2e72b",
		"migrations/sqlite/00025_time_zones.sql":            "f467db7696f1c44fa5b6f8e30e6e7f0651e2189341e187a41df68ed3894a1957",
		"migrations/sqlite/00026_attention.sql":             "896dd63d2ce114a8b4759243d949dca3f6460b920b74f73fc383803f86ed1cd2",
		"migrations/sqlite/00027_recovery.sql":              "f2edf0dccf84db7ccb7638bd86a91f2f3927985a8c8a5b9a1bc0bf8256ddfe0f",
		"migrations/postgres/00033_inventory.sql":           "4333bcb5abc27db5b9da59219101abf29361876fd4edfa7753733d71f197d114",
		"migrations/sqlite/00033_inventory.sql":             "4333bcb5abc27db5b9da59219101abf29361876fd4edfa7753733d71f197d114",
		"migrations/sqlite/00032_token_rules.sql":           "640c4a16cfd2f90bbb1d3455d9e1e24ea24bd71ba5ab4188e670dbc8ab700d55",
		"migrations/sqlite/00031_addresses.sql":             "064260c46b6ca78c051c4a75b029e2fc71e84fcfc45796064ed09ebe6517b2ae",
		"migrations/sqlite/00028_webhooks.sql":              "79fd374f245b961dd83cb0c59260a9add05ece6da1e7ec256cf8ba8c82721744",
		"migrations/sqlite/00034_sign_in.sql":               "f1776fd55642669a78cecd652cfda3c8c6b64daa783a268fb76fbef1dbb17aa3",
		"migrations/sqlite/00035_factors.sql":               "a954d48f534f3383ddf846e74ef959c994d4766b81ab9195a0c11652e2b8bdc5",
		"migrations/sqlite/00029_token_suspension.sql":      "920b1bd57c823de92851b17a11cdbe2b5b05fbcbf4b52edfb6d0746761945211",
		"migrations/sqlite/00030_token_secrets.sql":         "6aa62d7b77f1d358250d483c19444d57eed482b9b1d26c87facd3e3fd5b1c9e6",
		"migrations/sqlite/00040_passkeys.sql":              "238746a7b2a03262d6d75b58bf4d7d7df52204cb008955cf5b476cbc632ce3fa",
		"migrations/sqlite/00038_identity_providers.sql":    "98cf1a7ab4910ab64890a12f89c36926298eb12b63a46f2ebaca18a1081540d5",
		"migrations/sqlite/00039_provider_sessions.sql":     "c7e2ed8ce64fc064205c0957a2abc355bd38ec265e57679b42d58c5e35beaf85",
		"migrations/sqlite/00043_secret_hints.sql":          "65b595d43e718aaae96cbaca3c469257d665cb48ed761451368c46d91f069f0a",
		"migrations/sqlite/00036_assurance.sql":             "54a2a286dda9e87e6bd9b4cbda6d2c35ba2c07f1e7ed413a6ca4080b8cdcce79",
		"migrations/sqlite/00037_warnings.sql":              "a1338a22ef9a7a629ca6f367bc6674539589fbf81b546387f126987d95e10340",
		"migrations/postgres/00041_saml.sql":                "978ff95433048927792605fa0702f89986bc21c6ecfbf8446cef589bbf1b5dd4",
		"migrations/postgres/00042_required_domains.sql":    "9fcb687038c82afdaac3986b945fa1710e9240e7394c0324c9b2c2b48038a3cd",
		"migrations/sqlite/00041_saml.sql":                  "f68b2bfe7a1a40b800337aaab287a41bb398c4e67360d6667bf84b9828b384c5",
		"migrations/sqlite/00042_required_domains.sql":      "9289efcf93fdd878e235a5b9eeb37486715207dd48d2d60c335c4b70d2e78023",
		"migrations/postgres/00044_request_networks.sql":    "6c35154b58aaa65614501daa7903d8064e3458003aa9cd4f8fab6f763b8805cb",
		"migrations/sqlite/00044_request_networks.sql":      "1760d61e76e02ca4a8ab6a47ad0907da11b3d0f819e6280cc8e9e14754f33fef",
		"migrations/postgres/00045_fewer_indexes.sql":       "35117074ef12e708e6fc7ca7e6022065b961372a86909453ac0a9f69ebe80dd3",
		"migrations/sqlite/00045_fewer_indexes.sql":         "35117074ef12e708e6fc7ca7e6022065b961372a86909453ac0a9f69ebe80dd3",
	}
}

// A database that has a migration never runs it again, so it would go on without what was edited.
func TestMigrations_NeverChange(t *testing.T) {
	want := digests()
	err := fs.WalkDir(migrations, "migrations", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		if err != nil {
			return err
		}
		digest := sha256.Sum256(text)
		got := hex.EncodeToString(digest[:])
		switch before, found := want[path]; {
		case !found:
			t.Errorf("%s is new. Add it to digests(), and never edit it from then on:\n%q: %q,", path, path, got)
		case got != before:
			t.Errorf("%s was changed, but databases that have it never run it again. Undo that,"+
				" and write a new migration with the next number instead (CONTRIBUTING.md, Add a migration).", path)
		}
		delete(want, path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path := range want {
		t.Errorf("%s was removed or renamed, but databases have it. Put it back.", path)
	}
}

// Both engines have the same numbers under the same names.
func TestMigrations_AreNumberedAlike(t *testing.T) {
	names := func(d dialect) (list []string) {
		entries, err := fs.ReadDir(migrations, d.folder())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			list = append(list, e.Name())
		}
		return list
	}
	if diff := cmp.Diff(names(&sqliteDialect{}), names(postgresDialect{})); diff != "" {
		t.Errorf("(-SQLite +PostgreSQL):\n%s", diff)
	}
}
