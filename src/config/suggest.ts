/** How many typing mistakes (wrong, missing, extra or swapped letters) lie between two words. */
export function mistakes(a: string, b: string): number {
  const width = b.length + 1;
  const cells: number[] = []; // row i, column j: mistakes between the first i letters of a and the first j of b
  const at = (i: number, j: number): number =>
    i < 0 || j < 0 ? Infinity : (cells[i * width + j] ?? Infinity);
  for (let i = 0; i <= a.length; i++)
    for (let j = 0; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Infinity;
      cells.push(i === 0 || j === 0 ? i + j : Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, changed, swapped));
    }
  return at(a.length, b.length);
}

/** The known name that was probably meant, if one is near enough: at most 3 mistakes, and one in three letters. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.floor(name.length / 3));
  let best: string | undefined;
  let fewest = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= fewest) continue;
    const count = mistakes(name, candidate);
    if (count < fewest) [best, fewest] = [candidate, count];
  }
  return best;
}
