import Papa from "papaparse";

export default () =>
  Response.json([
    Papa.parse('name,age\n"Lovelace, Ada",36\nGrace,85\n', { header: true, dynamicTyping: true, skipEmptyLines: true }),
    Papa.unparse([{ a: 1, b: 'x "y"' }, { a: 2, b: "z" }]),
  ]);
