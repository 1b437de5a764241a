/**
 * Case conversion that leaves alone what is data.
 *
 * `camelCaseObject` of frontend-platform converts every key at any depth. It turns `$defs` into `defs`, `ui:widget` into
 * `uiWidget` and a JSON pointer into one long word, and a stored configuration no longer has the names that the
 * metadata speaks of. These two functions convert the same keys but for those below, and undo each other exactly.
 */

/** Keys whose value is data: it passes through unchanged, whatever its keys look like. In both spellings. */
const OPAQUE = new Set(['config', 'default', 'errors', 'params', 'schema', 'ui_schema', 'uiSchema']);

/** `members_as_of` -> `membersAsOf`, for a type. */
export type CamelCase<S extends string> = S extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;

type OpaqueKey = 'config' | 'default' | 'errors' | 'params' | 'schema' | 'ui_schema';

/** A wire type as it looks after `camelCaseContract`. */
export type CamelCased<T> = T extends (infer Item)[]
  ? CamelCased<Item>[]
  : T extends object
    ? { [K in keyof T as K extends string ? CamelCase<K> : K]: K extends OpaqueKey ? T[K] : CamelCased<T[K]> }
    : T;

const toCamel = (key: string): string => key.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase());
const toSnake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function convert(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => convert(item, rename));
  }
  if (value === null || typeof value !== 'object' || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [rename(key), OPAQUE.has(key) ? item : convert(item, rename)]),
  );
}

/** Any answer of the API with camelCase keys. Use it where an MFE would call `camelCaseObject`. */
export function camelCaseContract<T>(wire: T): CamelCased<T> {
  return convert(wire, toCamel) as CamelCased<T>;
}

/** The opposite: what `camelCaseContract` made, or a request in its spelling, as the API takes it. */
export function snakeCaseContract<T = unknown>(value: unknown): T {
  return convert(value, toSnake) as T;
}
