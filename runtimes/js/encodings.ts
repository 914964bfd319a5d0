/**
 * The tables of the Encoding standard, read out of Deno's own decoders when the library is built: which characters the
 * bytes of an encoding stand for. They are strings in the base image, one code unit an entry, U+FFFD where there is none.
 */
import known from "whatwg-encoding/lib/labels-to-names.json" with { type: "json" };

/** What Deno knows beyond the package. */
const labels: Readonly<Record<string, string>> = {
  ...known,
  ...{ "csiso2022jp": "iso-2022-jp", "iso-2022-jp": "iso-2022-jp" },
  ...{ "csiso88598i": "iso-8859-8-i", "iso-8859-8-i": "iso-8859-8-i", "logical": "iso-8859-8-i" },
  ...{ "x-mac-cyrillic": "x-mac-cyrillic", "x-mac-ukrainian": "x-mac-cyrillic", "x-user-defined": "x-user-defined" },
};

const NONE = 0xfffd;

const codeOf = (decoder: TextDecoder, bytes: readonly number[]): number => {
  const text = decoder.decode(Uint8Array.from(bytes));
  const code = text.codePointAt(0) ?? NONE;
  return text.length === (code > 0xffff ? 2 : 1) ? code : NONE;
};

/** Each lead byte's row of trail bytes. */
function rows(name: string, leads: [first: number, last: number], trails: readonly number[]): number[] {
  const decoder = new TextDecoder(name);
  const codes: number[] = [];
  for (let lead = leads[0]; lead <= leads[1]; lead++) {
    for (const trail of trails) codes.push(codeOf(decoder, [lead, trail]));
  }
  return codes;
}

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i);
const units = (codes: readonly number[]): string => codes.map((code) => String.fromCharCode(code & 0xffff)).join("");

/** Which entries are of plane 2, where the string has only their lower half: a bit each. */
function plane2(codes: readonly number[]): string {
  const words = new Uint16Array(Math.ceil(codes.length / 15));
  codes.forEach((code, i) => words[Math.floor(i / 15)] |= code > 0xffff ? 1 << (i % 15) : 0);
  return units([...words]);
}

function jis0212(): number[] {
  const decoder = new TextDecoder("euc-jp");
  return range(0xa1, 0xfe).flatMap((lead) => range(0xa1, 0xfe).map((trail) => codeOf(decoder, [0x8f, lead, trail])));
}

/** Where runs of code points begin among the four-byte sequences: pointer, code point, and so on. */
function gb18030Ranges(): number[] {
  const decoder = new TextDecoder("gb18030");
  const found: number[] = [];
  let distance = NaN;
  for (let pointer = 0; pointer < 39420; pointer++) {
    const bytes = [
      0x81 + Math.floor(pointer / 12600),
      0x30 + Math.floor(pointer / 1260) % 10,
      0x81 + Math.floor(pointer / 10) % 126,
      0x30 + pointer % 10,
    ];
    const code = codeOf(decoder, bytes);
    if (code - pointer === distance) continue;
    distance = code - pointer;
    found.push(pointer, code);
  }
  return found;
}

function singleByte(): Record<string, string> {
  const names = new Set(Object.values(labels).map((name) => name.toLowerCase()));
  const others = /^(utf-|gb|big5|euc|iso-2022|shift_jis|replacement|x-user-defined)/;
  return Object.fromEntries(
    [...names].filter((name) => !others.test(name)).map((name) => {
      const decoder = new TextDecoder(name);
      return [name, units(range(0x80, 0xff).map((byte) => codeOf(decoder, [byte])))];
    }),
  );
}

/** What lib/encodings.ts declares. */
export function encodingTables() {
  const big5 = rows("big5", [0x81, 0xfe], [...range(0x40, 0x7e), ...range(0xa1, 0xfe)]);
  return {
    labels: Object.fromEntries(Object.entries(labels).map(([label, name]) => [label, name.toLowerCase()])),
    singleByte: singleByte(),
    big5: units(big5),
    big5Plane2: plane2(big5),
    eucKr: units(rows("euc-kr", [0x81, 0xfe], range(0x41, 0xfe))),
    gb18030: units(rows("gb18030", [0x81, 0xfe], [...range(0x40, 0x7e), ...range(0x80, 0xfe)])),
    gb18030Ranges: gb18030Ranges(),
    // Shift_JIS reaches all of JIS X 0208's rows, EUC-JP only the first 94.
    jis0208: units(
      rows("shift_jis", [0x81, 0x9f], [...range(0x40, 0x7e), ...range(0x80, 0xfc)])
        .concat(rows("shift_jis", [0xe0, 0xfc], [...range(0x40, 0x7e), ...range(0x80, 0xfc)])),
    ),
    jis0212: units(jis0212()),
  };
}
