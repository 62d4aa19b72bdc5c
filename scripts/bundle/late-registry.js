/**
 * Modules that the late part of the bundle is handed, by name. The bundler fills it in: see late-modules.js.
 *
 * @returns {Readonly<Record<string, object>>}
 */
export const registry = () => ({});
