/** Every text of the builder is translated, and says the same things in the same places. */
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import messages from '../src/builder/messages.js';
import { textsOf, translations } from '../src/builder/translations/index.js';

const source = new Map(Object.values(messages).map(({ id, defaultMessage }) => [id, defaultMessage]));

/** What is filled in: names with the kind of each. */
function placeholders(text: string, locale: string): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) {
      value.forEach(walk);
    } else if (value && typeof value === 'object') {
      const { type, value: name, options } = value as { type?: number; value?: string; options?: object };
      // 0 is plain text and 7 the number sign of a plural.
      if (type !== undefined && type !== 0 && type !== 7) {
        found.add(`${type} ${name}`);
      }
      Object.values(options ?? {}).forEach((option: { value: unknown }) => walk(option.value));
    }
  };
  walk(new IntlMessageFormat(text, locale).getAst());
  return [...found].sort();
}

describe.each(Object.entries(translations))('the texts in %s', (locale, texts) => {
  test('are all there, and no others', () => {
    expect(Object.keys(texts).sort()).toEqual([...source.keys()].sort());
  });

  test.each(Object.entries(texts))('%s', (id, text) => {
    expect(text.trim()).not.toBe('');
    expect(placeholders(text, locale)).toEqual(placeholders(source.get(id) ?? '', 'en'));
  });
});

test('a region without texts of its own has those of its language', () => {
  expect(textsOf('es')).toBe(translations.es);
  expect(textsOf('es-419')).toBe(translations.es);
  expect(textsOf('es_ES')).toBe(translations.es);
  expect(textsOf('en')).toBeUndefined();
});
