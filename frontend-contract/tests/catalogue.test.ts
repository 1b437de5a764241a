import { describe, expect, it } from 'vitest';
import { metadataOf } from './support/fixtures.js';

const sources = import.meta.glob('../{src,page}/**/*.{ts,tsx,css}', { eager: true, query: '?raw', import: 'default' });

const idsOf = (scope: 'course' | 'organization' | 'instance') =>
  metadataOf({ type: scope, key: '' }).criterion_types.map(({ id }) => id);

describe('the sources', () => {
  const slugs = [...new Set([...idsOf('course'), ...idsOf('organization'), ...idsOf('instance')])];

  it('are all there, and so is the catalogue', () => {
    expect(Object.keys(sources).length).toBeGreaterThan(40);
    expect(slugs.length).toBeGreaterThan(20);
  });

  it.each(slugs)('do not know the type %s', (slug) => {
    const quoted = new RegExp(`['"\`]${slug}['"\`]`);
    // A word of several parts is nobody's ordinary word: it may not even stand in a comment.
    const pattern = slug.includes('_') ? new RegExp(`\\b${slug}\\b`) : quoted;
    const found = Object.entries(sources).filter(([, text]) => pattern.test(text as string)).map(([path]) => path);
    expect(found).toEqual([]);
  });
});
