/**
 * Loads what a bundle of the package leaves for later, before `node:vm` keeps a limit: nothing holds off what it cuts, and
 * one of Node's own modules that was cut while it was loaded stays broken. The bundler puts it in (`scripts/bundle/`); of
 * single modules, each has been loaded by now.
 */
export function loadLatePart(): void {
  // Nothing is late.
}
