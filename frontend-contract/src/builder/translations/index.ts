/** The builder's texts in other languages than English, by locale. Give those of the reader to the `IntlProvider`. */
import es from './es.js';

export const translations: Record<string, Record<string, string>> = { es };

/** The texts of a locale or, where it has none of its own, of its language; none for English, which the code holds. */
export function textsOf(locale: string): Record<string, string> | undefined {
  return translations[locale] ?? translations[locale.split(/[-_]/)[0] ?? ''];
}
