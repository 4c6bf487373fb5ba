// Rebuilds a piece of a syntax tree, whatever its kinds of nodes are.

type PlainNode = Readonly<Record<string, unknown>>;
type Replace = (node: PlainNode) => object | null;

/**
 * Calls `replace` for every object in `value`, parents first: it answers what stands in its place,
 * or null to keep it and look into it. What is not touched keeps its identity.
 */
export function mapSyntax<T>(value: T, replace: Replace): T {
  return mapValue(value, replace) as T;
}

function mapValue(value: unknown, replace: Replace): unknown {
  if (Array.isArray(value)) return mapArray(value, replace);
  if (!isPlainNode(value)) return value;
  const replaced = replace(value);
  if (replaced !== null) return replaced;
  let changed: Record<string, unknown> | null = null;
  for (const [key, part] of Object.entries(value)) {
    const mapped = mapValue(part, replace);
    if (mapped !== part) (changed ??= { ...value })[key] = mapped;
  }
  return changed ?? value;
}

function mapArray(items: readonly unknown[], replace: Replace): readonly unknown[] {
  const mapped = items.map((item) => mapValue(item, replace));
  return mapped.some((item, i) => item !== items[i]) ? mapped : items;
}

function isPlainNode(value: unknown): value is PlainNode {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
