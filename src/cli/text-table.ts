/** One column of a table; text to the left, numbers to the right. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Lines of aligned cells, two blanks apart, under their titles. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const formatRow = (cells: readonly string[]): string =>
    columns
      .map(({ align }, index) => {
        const [cell, width] = [cells[index] ?? '', widths[index] ?? 0];
        return align === 'left' ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return `${[formatRow(columns.map(({ title }) => title)), rule, ...rows.map(formatRow)].join('\n')}\n`;
}

/** Three significant digits or whole numbers, so that a column of microseconds can be read at a glance. */
export function formatMicroseconds(microseconds: number): string {
  const size = Math.abs(microseconds);
  const digits = size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
  return microseconds.toFixed(digits);
}
