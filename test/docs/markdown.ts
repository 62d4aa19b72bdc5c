import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../harness/package-root.js';

/** A page of documentation, cut up. */
export interface Page {
  /** Relative to the root of the package. */
  readonly path: string;
  readonly text: string;
  /** The text without its code blocks. */
  readonly prose: string;
  readonly codeBlocks: readonly CodeBlock[];
  /** As a link would name them, without `#`. */
  readonly anchors: ReadonlySet<string>;
  readonly linkTargets: readonly string[];
}

export interface CodeBlock {
  readonly language: string;
  readonly lines: readonly string[];
  /** What the comment above it says: `<!-- … -->`. */
  readonly label: string | undefined;
}

/** The pages that users read. */
export function readPages(): readonly Page[] {
  const docs = readdirSync(join(packageRoot, 'docs')).map((file) => `docs/${file}`);
  return [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...docs.filter((file) => file.endsWith('.md')),
  ].map(readPage);
}

export function readPage(path: string): Page {
  const text = readText(path);
  const lines = text.split('\n');
  const prose: string[] = [];
  const codeBlocks: CodeBlock[] = [];
  let open: { readonly language: string; readonly lines: string[] } | undefined;
  for (const line of lines) {
    const fence = /^```(.*)$/.exec(line);
    if (open !== undefined && fence === null) open.lines.push(line);
    else if (open !== undefined) {
      const above = prose.findLast((other) => other.trim() !== '');
      codeBlocks.push({ ...open, label: /^<!-- (.*) -->$/.exec(above ?? '')?.[1] });
      open = undefined;
    } else if (fence !== null) open = { language: fence[1] ?? '', lines: [] };
    else prose.push(line);
  }
  const withoutCode = prose.join('\n');
  return {
    path,
    text,
    prose: withoutCode,
    codeBlocks,
    anchors: new Set(prose.flatMap(anchorOf)),
    linkTargets: Array.from(
      withoutCode.replaceAll(/`[^`\n]*`/g, '').matchAll(/\]\(([^()\s]+)\)/g),
      ([, target]) => target ?? '',
    ),
  };
}

/** A file of the package. */
export function readText(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

/** The part of a page from the heading that reads `title` to the next one of the same level. */
export function section(page: Page, title: string): string {
  const lines = page.prose.split('\n');
  const start = lines.findIndex((line) => line.replace(/^#+ /, '') === title && line !== title);
  const level = /^#+/.exec(lines[start] ?? '')?.[0].length;
  if (level === undefined) throw new Error(`${page.path} has no section "${title}"`);
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => (/^(#+) /.exec(line)?.[1]?.length ?? Infinity) <= level);
  return rest.slice(0, end === -1 ? undefined : end).join('\n');
}

/** What stands in backquotes in the first cell of each row, one array for each table. */
export function firstCells(text: string): readonly (readonly string[])[] {
  const tables = text.split(/\n(?!\|)/).filter((block) => /^\|/m.test(block));
  return tables.map((table) =>
    table
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .flatMap((row) => codeSpans(row.slice(1).split(/(?<!\\)\|/)[0] ?? '')),
  );
}

export function codeSpans(text: string): readonly string[] {
  return Array.from(text.matchAll(/`([^`]+)`/g), ([, code]) => code ?? '');
}

/** As GitHub makes them: lower case, no punctuation, hyphens for blanks. */
function anchorOf(line: string): readonly string[] {
  const title = /^#+ (.*)$/.exec(line)?.[1];
  if (title === undefined) return [];
  return [
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  ];
}
