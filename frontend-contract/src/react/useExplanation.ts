/** Why a rule matches one learner or does not. */
import { useMutation } from '@tanstack/react-query';
import type { Explanation, ExplanationRequest } from '../types.js';
import type { ApiClient, ApiError } from './client.js';
import { ONCE } from './keys.js';

/** Asked by hand for one learner; nothing is kept, because it is personal data. */
export function useExplanation({ client }: { client: ApiClient }) {
  return useMutation<Explanation, ApiError, ExplanationRequest>({
    mutationFn: (body) => client.send({ method: 'POST', path: 'explanations/', body }),
    ...ONCE,
    gcTime: 0,
  });
}
