// Prints the entries of @zxcvbn-ts/language-common that are long enough to be a password, one a line:
//
//     npm pack @zxcvbn-ts/language-common@4.1.3 && tar xzf zxcvbn-ts-language-common-4.1.3.tgz
//     node extract.mjs package/src/passwords.json > passwords.txt
import { readFileSync } from "node:fs";

const all = JSON.parse(readFileSync(process.argv[2], "utf8"));
const long = new Set(all.filter((p) => [...p].length >= 10).map((p) => p.toLowerCase()));
console.log([...long].join("\n"));
