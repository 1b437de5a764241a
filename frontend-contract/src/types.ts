/** Names for the types of the API, so that nobody has to index into the generated file. */
import type { components } from './generated/api.gen.js';

type Schemas = components['schemas'];

export type Arity = Schemas['ArityEnum'];
export type Availability = Schemas['Availability'];
export type ChangeKind = Schemas['ChangeKindEnum'];
export type Choice = Schemas['Choice'];
export type Combine = Schemas['CombineEnum'];
export type Copy = Schemas['Copy'];
export type CriterionNode = Schemas['CriterionNode'];
export type CriterionType = Schemas['CriterionType'];
export type CriterionTypes = Schemas['CriterionTypes'];
export type DifferenceRequest = Schemas['DifferenceRequest'];
export type Estimate = Schemas['Estimate'];
export type ExplainedNode = Schemas['ExplainedNode'];
export type Explanation = Schemas['Explanation'];
export type ExplanationRequest = Schemas['ExplanationRequest'];
export type FieldChoices = Schemas['FieldChoices'];
export type GroupState = Schemas['GroupStateEnum'];
export type HeldChange = Schemas['HeldChange'];
export type ImportMode = Schemas['ImportModeEnum'];
export type ImportOutcome = Schemas['OutcomeEnum'];
export type ImportReport = Schemas['ImportReport'];
export type LearnerMove = Schemas['LearnerMove'];
export type Member = Schemas['Member'];
export type MembersChanged = Schemas['MembersChanged'];
export type MembershipChange = Schemas['MembershipChange'];
export type MembershipSource = Schemas['MembershipSourceEnum'];
export type NestedRule = Schemas['NestedRule'];
export type NodeCount = Schemas['NodeCount'];
export type Operator = Schemas['Operator'];
export type Overlap = Schemas['Overlap'];
export type OverBudgetPreview = Schemas['OverBudgetPreview'];
export type PendingPreview = Schemas['PendingPreview'];
export type PinnedExample = Schemas['PinnedExample'];
export type PinnedExampleRequest = Schemas['PinnedExampleRequest'];
export type Preview = Schemas['Preview'];
export type PreviewRequest = Schemas['PreviewRequest'];
export type Problem = Schemas['Problem'];
export type Refresh = Schemas['Refresh'];
export type Rule = Schemas['Rule'];
export type RuleNode = Schemas['RuleNode'];
export type RuleWarning = Schemas['RuleWarning'];
export type Scope = Schemas['Scope'];
export type ScopeType = Schemas['ScopeTypeEnum'];
export type UnresolvedReference = Schemas['UnresolvedReference'];
export type UserGroup = Schemas['UserGroup'];
export type UserGroupCreate = Schemas['UserGroupCreate'];
export type UserGroupUpdate = Schemas['PatchedUserGroupUpdate'];
export type ValueField = Schemas['ValueField'];
export type Violation = Schemas['Violation'];

/** A page of a list, as every list of the API is answered. */
export interface Page<T> {
  next: string | null;
  previous: string | null;
  count: number;
  num_pages: number;
  current_page: number;
  start: number;
  results: T[];
}

/** A page of members; it says how right the list is. */
export interface MemberPage extends Page<Member> {
  state: GroupState;
  state_reason: UserGroup['state_reason'];
  members_as_of: string | null;
}
