/** One value as it stands in a control, and as the wire has it. */
import type { ValueField } from '../../types.js';
import { toField, toInstant } from '../common/instants.js';

export interface DraftRange {
  from: string;
  to: string;
}

/** Text of an input, both inputs of a range, the items of a list, or a check mark. */
export type DraftValue = string | DraftRange | string[] | boolean;

const NUMBERS = ['integer', 'decimal', 'percent'];

/** Whether the wire has a number where the control has text. */
export function isNumber(field: ValueField): boolean {
  return NUMBERS.includes(field.value_type);
}

/** What a control shows before anything was filled in. */
export function emptyValue(field: ValueField, isRange: boolean): DraftValue {
  if (isRange) {
    return { from: '', to: '' };
  }
  if (field.multiple) {
    return [];
  }
  if (field.value_type === 'boolean') {
    return field.default === true;
  }
  return field.default === null || field.default === undefined ? '' : String(field.default);
}

/** What a control shows for a stored value. */
export function fromWire(field: ValueField, value: unknown): DraftValue {
  if (Array.isArray(value)) {
    return value.map(String);
  }
  if (typeof value === 'object' && value !== null) {
    const { from, to } = value as { from?: unknown; to?: unknown };
    return { from: text(field, from), to: text(field, to) };
  }
  return field.value_type === 'boolean' ? value === true : text(field, value);
}

function text(field: ValueField, value: unknown): string {
  const written = value === null || value === undefined ? '' : String(value);
  return field.value_type === 'datetime' ? toField(written) : written;
}

/** The wire's value, and the places below it (`[]`: the value itself) where something has to be filled in. */
export function toWire(field: ValueField, draft: DraftValue): { value: unknown; missing: string[][] } {
  if (typeof draft === 'boolean') {
    return { value: draft, missing: [] };
  }
  if (Array.isArray(draft)) {
    // Empty lines of a list that is typed.
    const items = draft.filter((item) => item.trim());
    return { value: items.map((item) => read(field, item)), missing: items.length ? [] : [[]] };
  }
  if (typeof draft === 'object') {
    const missing = (['from', 'to'] as const).filter((end) => !draft[end].trim()).map((end) => [end]);
    return { value: { from: read(field, draft.from), to: read(field, draft.to) }, missing };
  }
  return { value: read(field, draft), missing: draft.trim() ? [] : [[]] };
}

/** Text that is no number, or no instant, stays text: the server says at the field what is wrong with it. */
function read(field: ValueField, value: string): unknown {
  if (field.value_type === 'datetime') {
    return toInstant(value) ?? value.trim();
  }
  const number = Number(value);
  return isNumber(field) && value.trim() && Number.isFinite(number) ? number : value.trim();
}
