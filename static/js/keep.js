// What somebody changes in a part of a form while the answer that replaces the part is on its way.

function fields(part) {
  return [...part.querySelectorAll("input, select")].map((field) => {
    const box = field.type === "checkbox" || field.type === "radio";
    return { field, state: box ? "checked" : "value", key: box ? `${field.name}=${field.value}` : field.name };
  });
}

// choices returns what each field holds.
export function choices(part) {
  return new Map(fields(part).map(({ field, state, key }) => [key, field[state]]));
}

// keep puts back into the new part what is different now from what was sent.
export function keep(part, sent, now) {
  for (const { field, state, key } of fields(part)) {
    if (now.has(key) && now.get(key) !== sent.get(key)) field[state] = now.get(key);
  }
}
