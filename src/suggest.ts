/** Of a word, to be compared at all: the time grows with the square. */
const LONGEST = 64;
/** Of shorter words almost any two are near. */
const SHORTEST = 4;

/** The known word that was probably meant; null when none is near. */
export function suggest(word: string, known: readonly string[]): string | null {
  if (word.length > LONGEST) return null;
  const longer = known.filter((candidate) => word !== "" && candidate.startsWith(word));
  if (longer.length === 1) return longer[0];
  let best: string | null = null;
  let least = (word.length < SHORTEST ? 1 : Math.max(2, Math.floor(word.length / 3))) + 1;
  for (const candidate of known) {
    if (Math.abs(word.length - candidate.length) >= least) continue;
    const distance = editDistance(word, candidate);
    if (distance < least && distance < Math.min(word.length, candidate.length)) [best, least] = [candidate, distance];
  }
  return best;
}

/** How many letters to put in, leave out or change (Levenshtein's, a row at a time). */
export function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = above[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, above[column] + 1, current[column - 1] + 1));
    }
    above = current;
  }
  return above[b.length];
}
