/** Values as `console` prints them: `%s` and its kin take values out of the list, what is left over follows. */
const text = (value: unknown): string => typeof value === "string" ? value : Deno.inspect(value, { depth: 4 });

export function format(values: readonly unknown[]): string {
  const [first, ...rest] = values;
  if (typeof first !== "string" || rest.length === 0 || !first.includes("%")) return values.map(text).join(" ");
  let next = 0;
  const formatted = first.replace(/%[sdifjoOc%]/g, (directive) => {
    if (directive === "%%") return "%";
    return next < rest.length ? formatOne(directive, rest[next++]) : directive;
  });
  return [formatted, ...rest.slice(next).map(text)].join(" ");
}

function formatOne(directive: string, value: unknown): string {
  switch (directive) {
    case "%s":
      return typeof value === "string" ? value : Deno.inspect(value, { depth: 1 });
    case "%d":
    case "%i":
      return typeof value === "bigint" ? `${value}n` : `${typeof value === "object" ? NaN : parseInt(`${value}`, 10)}`;
    case "%f":
      return `${parseFloat(`${value}`)}`;
    case "%j":
      return JSON.stringify(value) ?? "undefined";
    case "%c":
      return "";
    default:
      return text(value);
  }
}
