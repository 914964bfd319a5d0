const SHOWN = 5;

/** `flask, numpy, 3 more` */
export function shownNames(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return [...names.slice(0, SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
