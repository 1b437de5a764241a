import { describe, expect, it } from 'vitest';
import { toField, toInstant } from '../src/builder/common/instants.js';
import { fromWire, toWire } from '../src/builder/values/draftValue.js';
import type { ValueField } from '../src/index.js';

const field = { name: 'at', value_type: 'datetime', multiple: false } as ValueField;

describe('an instant in a field', () => {
  it.each(['2026-01-31T09:30:00.000Z', '2026-07-31T23:59:59.000Z', '2026-01-31T09:30:00.250Z'])('comes back as it was: %s', (instant) => {
    expect(toInstant(toField(instant))).toBe(instant);
    expect(toWire(field, fromWire(field, instant))).toEqual({ value: instant, missing: [] });
  });

  it('is the same instant, whatever its offset', () => {
    const stored = fromWire(field, '2026-01-31T09:30:00+02:00');
    expect(stored).toMatch(/^2026-01-3\dT\d\d:\d\d$/);
    expect(toWire(field, stored).value).toBe('2026-01-31T07:30:00.000Z');
    expect(fromWire(field, { from: '2026-01-31T09:30:00Z', to: '2026-02-01T09:30:05Z' })).toEqual({
      from: toField('2026-01-31T09:30:00Z'),
      to: toField('2026-02-01T09:30:05Z'),
    });
  });

  it('is told where it is missing, and what is none is left to the server', () => {
    expect(toWire(field, '')).toEqual({ value: '', missing: [[]] });
    expect(toWire(field, 'soon')).toEqual({ value: 'soon', missing: [] });
    expect(fromWire(field, null)).toBe('');
    expect(fromWire(field, 'soon')).toBe('soon');
  });
});
