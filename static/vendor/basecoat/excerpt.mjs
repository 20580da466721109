// Makes basecoat.css, the part of Basecoat's prebuilt style sheet that the pages use.
//
//   npm pack basecoat-css@1.0.2 && tar xzf basecoat-css-1.0.2.tgz
//   node excerpt.mjs package/dist/basecoat-vega.cdn.css > basecoat.css
//
// Kept: the reset, the rules of the components named below, and the variables these
// refer to. Left out: every other component, the colours (css/latchkey.css has its own,
// for both themes) and what hangs on html.dark (both themes share one set of rules).
import { readFileSync } from "node:fs";

const components = [".btn", ".input", ".textarea", "select.select", ".kbd"];
const source = readFileSync(process.argv[2], "utf8").replace(/\/\*[\s\S]*?\*\//g, "");

// parse reads rules until the closing brace; strings may contain braces and semicolons.
function parse(text, at = 0) {
  const nodes = [];
  let start = at;
  for (let i = at; i < text.length; i++) {
    const c = text[i];
    if (c === "'" || c === '"') {
      i = text.indexOf(c, i + 1);
    } else if (c === ";") {
      nodes.push({ text: text.slice(start, i).trim() });
      start = i + 1;
    } else if (c === "{") {
      const inner = parse(text, i + 1);
      nodes.push({ head: text.slice(start, i).trim(), body: inner.nodes });
      i = inner.end;
      start = i + 1;
    } else if (c === "}") {
      const rest = text.slice(start, i).trim();
      if (rest) nodes.push({ text: rest });
      return { nodes, end: i };
    }
  }
  return { nodes, end: text.length };
}

// splitList separates a selector list at its outer commas.
function splitList(head) {
  const parts = [""];
  let depth = 0;
  for (const c of head) {
    if (c === "(" || c === "[") depth++;
    if (c === ")" || c === "]") depth--;
    if (c === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += c;
  }
  return parts.map((p) => p.trim());
}

const wanted = (selector) =>
  components.some((c) => selector.startsWith(c) && !/^[\w-]/.test(selector.slice(c.length))) &&
  !/checkbox|radio|range|switch|color|file/.test(selector.split(":not(")[0]);

function keepRule(rule) {
  const selectors = splitList(rule.head).filter(wanted);
  return selectors.length ? { ...rule, head: selectors.join(", ") } : null;
}

function withoutDark(nodes) {
  return nodes
    .filter((n) => !(n.head ?? "").includes("html.dark"))
    .map((n) => (n.body ? { ...n, body: withoutDark(n.body) } : n))
    .filter((n) => !n.body || n.body.length);
}

function print(nodes) {
  return nodes.map((n) => (n.body ? `${n.head}{${print(n.body)}}` : `${n.text};`)).join("");
}

const top = parse(source).nodes;
const layer = (name) => top.filter((n) => n.head === `@layer ${name}`).flatMap((n) => n.body);
const base = layer("base");
const parts = withoutDark(layer("components").map(keepRule).filter(Boolean));
const properties = top.filter((n) => n.head?.startsWith("@property"));

// Variables, and what they refer to in turn.
const theme = layer("theme")[0].body;
const used = new Set();
const collect = (text) => {
  for (const [, name] of text.matchAll(/var\((--[\w-]+)/g)) {
    if (used.has(name)) continue;
    used.add(name);
    theme.filter((d) => d.text.startsWith(`${name}:`)).forEach((d) => collect(d.text));
  }
};
collect(print([...base, ...parts]));
const kept = theme.filter((d) => used.has(d.text.split(":")[0]));

console.log(`/*! basecoat-css 1.0.2 (excerpt) | MIT License | tailwindcss v4.3.1 | MIT License */
@layer theme, base, components;`);
console.log(properties.filter((p) => used.has(p.head.split(" ")[1])).map((p) => print([p])).join("\n"));
console.log(print([{ head: "@layer theme", body: [{ head: ":root", body: kept }] }]));
for (const [name, rules] of [["base", base], ["components", parts]]) {
  console.log(`@layer ${name}{\n${rules.map((r) => print([r])).join("\n")}\n}`);
}
