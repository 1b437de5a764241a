"""``CriterionTypeContract``: the tests that every criterion type must pass, shipped types and those of plugins alike.

Mix it into a ``TestCase`` of Django and say what the type is, how a learner comes to a value, and for a few
configurations who must match::

    class NewsletterContract(CriterionTypeContract, TestCase):
        criterion_class = Newsletter
        learners = {"reads news": ["news"], "reads both": ["news", "events"], "reads events": ["events"]}
        examples = [
            Example({"operator": "in", "topics": ["news"]}, {"reads news", "reads both"}),
            Example({"operator": "in", "topics": ["events"]}, {"reads events", "reads both"}),
        ]

        def give(self, learner, value):
            for topic in value:
                Subscription.objects.create(user=learner, topic=topic)

Complements need no examples: who matches follows. A failing test says what to change. Whatever else
:class:`.world.CriterionTypeWorld` lists may be declared or overridden too.
"""

# A plugin's tests may run under Django's own runner, where a bare assert would not show what it compared.
# ruff: noqa: PT009

from __future__ import annotations

import functools
import itertools
import json
from datetime import timedelta
from typing import Any

from django.core.checks import run_checks
from django.core.management import call_command

from openedx_user_groups import api
from openedx_user_groups.criteria import configuration, forms, metadata
from openedx_user_groups.criteria.choices import ChoiceSource
from openedx_user_groups.criteria.fields import choices_from
from openedx_user_groups.criteria.operators import COMPLEMENT_OF
from openedx_user_groups.criteria.storage import load_rule
from openedx_user_groups.data import Explanation, GroupState, LearnerValue, PlanKind, Rebound
from openedx_user_groups.evaluation import learners as few_learners
from openedx_user_groups.evaluation.evaluator import Evaluation
from openedx_user_groups.evaluation.explanations import explain
from openedx_user_groups.sets import IdSet

from .configurations import STRUCTURAL, Example, one_of_each_form, spoiled
from .factories import UserGroupFactory, create_group, criterion, rule
from .schemas import Form
from .world import WITHOUT_VALUE, CriterionTypeWorld

__all__ = ["WITHOUT_VALUE", "CriterionTypeContract", "Example"]


class CriterionTypeContract(CriterionTypeWorld):
    """Tests that any criterion type must pass. Mix into ``django.test.TestCase``."""

    # ---- The declaration ------------------------------------------------------------------------------------------
    def test_the_declaration_has_no_mistake(self) -> None:
        """The system checks of criterion types have nothing to say."""
        found = [message for message in run_checks() if message.obj is self.criterion_class]
        self.assertEqual(found, [], "Correct what the system checks say; each has a hint.")

    def test_staff_can_read_what_it_means(self) -> None:
        """Everything that staff see has a text."""
        texts = {name: getattr(self.criterion_class, name) for name in ("label", "help_text", "missing_meaning")}
        texts |= {f"label of operator {operator.id}": operator.label for operator in self.criterion_class.operators}
        empty = [name for name, text in texts.items() if not str(text).strip()]
        self.assertEqual(empty, [], "Give these a translatable text (gettext_lazy).")

    def test_the_metadata_describes_it(self) -> None:
        """The builder is given the type with its fields and operators, as plain JSON."""
        described = json.loads(json.dumps(metadata.describe_type(self.criterion_class, self.scope)))
        self.assertEqual(
            [operator["id"] for operator in described["operators"]],
            [operator.id for operator in self.criterion_class.operators],
        )
        self.assertNotEqual(described["availability"]["status"], "unavailable", "The data source must answer in tests.")

    def test_choices_have_labels(self) -> None:
        """Each value of the examples that stands for a choice can be shown by its label."""
        for config in self.configs:
            for name, value in config.items():
                source = None if name == "operator" else choices_from(self.criterion_class._meta.get_field(name))
                if source is not None and isinstance(value, list | str):
                    wanted = value if isinstance(value, list) else [value]
                    found = {choice.value for choice in source.resolve(self.scope, wanted) if str(choice.label)}
                    self.assertEqual(found, set(wanted), f"resolve() of the choices of “{name}” must label each value.")

    def test_remote_choices_can_be_searched_and_paged(self) -> None:
        """What the builder does with choices that it is not given: count, search, turn pages, label again."""
        for field in forms.value_fields(self.criterion_class, self.scope).values():
            if field.source is None or field.choices is not None:
                continue
            self._assert_searchable(field.name, field.source, "")
            for choice in field.source.search(self.scope, "", 3):
                texts = {str(choice.label), choice.value}
                texts |= {text.upper() for text in texts if text.isascii()}  # SQLite knows the cases of ASCII only.
                for text in sorted(texts):
                    found = self._assert_searchable(field.name, field.source, text)
                    self.assertIn(choice.value, found, f"search() of “{field.name}” must look for {text!r} in labels.")

    def test_migrations_are_complete(self) -> None:
        """``makemigrations`` has nothing to do for the app of the type."""
        label = self.criterion_class._meta.app_label
        self.assertTrue(_is_migrated(label), f"Models changed: run “manage.py makemigrations {label}”.")

    def test_time_sensitivity_is_declared(self) -> None:
        """Where the answer changes as time passes, the type says so; otherwise its groups would not be kept fresh."""
        if self.criterion_class.time_sensitive:
            return
        for example in self.all_examples:
            for days in (1, 40, 4000):
                later = self._matching(example.config, as_of=self.as_of + timedelta(days=days))
                self.assertEqual(
                    later, self._matching(example.config), "The answer changes with time: set time_sensitive = True."
                )

    # ---- What operators mean --------------------------------------------------------------------------------------
    def test_examples_match_whom_they_should(self) -> None:
        """Each example matches exactly the learners named, by either plan."""
        for example, plan in itertools.product(self.all_examples, PlanKind):
            found = self._matching(example.config, plan=plan)
            self.assertEqual(found, frozenset(example.matches), f"Wrong learners ({plan} plan) for {example.config}")

    def test_each_operator_decides_something(self) -> None:
        """For each operator, and each field it may compare with, an example matches some learners and not others."""
        for operator in self.criterion_class.operators:
            for name in operator.fields or (None,):
                split = [
                    example
                    for example in self._examples_of(operator.id, name)
                    if self._matching(example.config) not in (frozenset(), self.everybody)
                ]
                self.assertTrue(
                    split, f"No example of “{operator.id}”{_with(name)} matches some learners only. Add one."
                )

    def test_operators_differ(self) -> None:
        """No two operators of the same form give the same answers: on some data, each means something of its own."""
        for one, other in itertools.combinations(self.criterion_class.operators, 2):
            if one.arity != other.arity:
                continue
            shared: list[Any] = [name for name in one.fields if name in other.fields]
            for name in shared or [None]:
                self.assertTrue(
                    self._some_example_tells(one.id, other.id, name),
                    f"No example tells “{one.id}” from “{other.id}”{_with(name)}. Give a learner exactly a value that "
                    "an example compares with; if it still fails, the type evaluates both operators alike.",
                )

    def test_each_value_is_used(self) -> None:
        """For each operator and each field that it takes, another value changes who matches."""
        for operator in self.criterion_class.operators:
            for name in operator.accepts:
                self.assertTrue(
                    self._some_value_matters(operator.id, name),
                    f"With “{operator.id}”, no other value of “{name}” changes who matches. Add an example with "
                    "another value, or a learner for whom it matters; if it still fails, the type ignores the field.",
                )

    def test_complements_are_exact(self) -> None:
        """An operator and its complement split the universe in two."""
        for example in self.all_examples:
            positive = COMPLEMENT_OF.get(example.operator)
            if positive is None:
                continue
            for plan in PlanKind:
                found = self._ids(example.config, plan=plan)
                opposite = self._ids({**example.config, "operator": positive}, plan=plan)
                self.assertEqual(found & opposite, IdSet(), f"Learners match {example.config} and its opposite.")
                self.assertEqual(
                    found | opposite, IdSet(self.names), f"Learners match neither {example.config} nor its opposite."
                )

    def test_learners_without_a_value_match_complements_only(self) -> None:
        """Unless the type says that a missing value counts as one, or staff ask for those learners."""
        if not self.has_missing:
            return
        for example in self.all_examples:
            counted = self.criterion_class.missing_counts_as is not None and "exists" not in example.operator
            asked_for = example.config.get(self.criterion_class.missing_option)
            if counted or asked_for:
                continue
            self.assertEqual(
                WITHOUT_VALUE in self._matching(example.config),
                example.operator in COMPLEMENT_OF,
                f"{example.config} must {'' if example.operator in COMPLEMENT_OF else 'not '}match a learner without a "
                "value. Return complements as UserIds(..., complement=True), and leave NULLs and empty texts out.",
            )

    # ---- One answer on every path ---------------------------------------------------------------------------------
    def test_nobody_outside_the_scope_matches(self) -> None:
        """Not even for a complement, nor in a negated node."""
        for example, negated, plan in itertools.product(self.all_examples, (False, True), PlanKind):
            found = self._evaluation(example.config, negated=negated, plan=plan).ids()
            self.assertEqual(
                found & self.outsiders, IdSet(), f"{example.config} matches people who are not learners here."
            )

    def test_plans_agree(self) -> None:
        """The composed statement and the bitmaps give the same ids, counts and samples."""
        for example, negated in itertools.product(self.all_examples, (False, True)):
            one, other = (self._evaluation(example.config, negated=negated, plan=plan) for plan in PlanKind)
            self.assertEqual(one.ids(), other.ids(), f"The plans disagree about {example.config}")
            counts, others = one.answers().nodes(), other.answers().nodes()
            self.assertEqual(counts, others, f"The plans count differently for {example.config}")
            self.assertEqual(one.count(), len(one.ids()), f"A learner is counted twice for {example.config}")
            self.assertEqual(one.sample(25), other.sample(25), f"The plans show other learners for {example.config}")

    def test_single_learners_are_answered_as_in_the_set(self) -> None:
        """Asked about one learner or a few, for all criteria at once, the answers are those of the whole sets.

        Once from facts, each of which is read only once for criteria with the same ``fact_key()``, and once from sets.
        """
        evaluations = {index: self._evaluation(config) for index, config in enumerate(self.configs)}
        asked = IdSet(self.names) | self.outsiders
        for from_facts, ids in itertools.product((True, False), [asked, *(IdSet([pk]) for pk in asked)]):
            found = few_learners.matching(evaluations, ids, from_facts=from_facts)
            for index, evaluation in evaluations.items():
                self.assertEqual(
                    self._named(found[index]),
                    self._named(evaluation.ids() & ids),
                    f"For {self.configs[index]}, {'fact()' if from_facts else 'the set'} gives another answer about "
                    "single learners. Do all fields that fact() reads stand in fact_parameters?",
                )

    def test_explanations_say_who_matches(self) -> None:
        """For each learner the explanation's answer is that of the set, and its values and sentences can be shown."""
        for config in self.configs:
            evaluation = self._evaluation(config)
            found = evaluation.ids()
            for pk in self.names:
                explanation = explain(evaluation, pk, self.as_of)
                self.assertEqual(
                    explanation.matches, pk in found, f"The explanation of {config} is wrong for {self.names[pk]}."
                )
                json.dumps([value.shown.value for value in _explained_values(explanation)])
            for pk in self.outsiders:
                self.assertIsNotNone(explain(evaluation, pk, self.as_of).outside)

    def test_what_is_declared_to_be_one_value_is(self) -> None:
        """No learner has several values of a fact that says that it has one at most: proofs rest on it."""
        for config in self.configs:
            fact = self._parse(config).fact(self._evaluation(config).context)
            if fact is not None and fact.single_valued:
                several = [pk for pk, values in fact.values_of(self.names).items() if len(set(values)) > 1]
                self.assertEqual(
                    self._named(IdSet(several)), frozenset(), "Learners have several values: drop single_valued=True."
                )

    def test_asking_the_criterion_itself_gives_the_same(self) -> None:
        """``get_matching_user_ids(scope)`` of the criterion is what a rule with nothing else matches."""
        for config in self.configs:
            found = self._parse(config).get_matching_user_ids(self.scope, self.as_of)
            self.assertEqual(self._named(found), self._matching(config), f"Another set on its own: {config}")

    def test_query_count_does_not_grow_with_learners(self) -> None:
        """However many learners there are, an evaluation costs the same number of queries."""
        before = [self._query_counts(config) for config in self.configs]
        for value in self.learners.values():
            self._learner(value)
        after = [self._query_counts(config) for config in self.configs]
        self.assertEqual(after, before, "Queries (evaluation, facts) grew with learners: ask for all of them at once.")

    # ---- Configurations -------------------------------------------------------------------------------------------
    def test_valid_configurations_are_accepted_by_form_and_server(self) -> None:
        """The form's JSON Schema and the model accept the examples and what is read back from the database."""
        form = Form(forms.schema(self.criterion_class, self.scope))
        for config in self.configs:
            self.assertTrue(form.accepts(config), f"The form refuses {config}, which must be valid.")
            self._parse(config)

    def test_mistakes_are_refused_by_form_and_server(self) -> None:
        """What is made by spoiling the examples is refused, with a place and a reason, by the form as by the server."""
        form = Form(forms.schema(self.criterion_class, self.scope))
        for config in one_of_each_form(self.configs):
            for what, wrong in spoiled(self.criterion_class, config, self.configs):
                _, violations = configuration.parse(self.criterion_class, wrong, self.scope)
                self.assertTrue(violations, f"The server accepts {wrong} ({what}). Add a validator to the field.")
                self.assertTrue(all(str(found.message) for found in violations), f"No reason is given for {wrong}.")
                if {violation.code for violation in violations} <= STRUCTURAL:
                    self.assertFalse(form.accepts(wrong), f"The form accepts {wrong} ({what}).")

    def test_saved_criteria_are_read_back(self) -> None:
        """A group keeps the configuration, is evaluated, and is shown with what staff entered."""
        for example in self.all_examples:
            definition = rule(criterion(self.criterion_class, **example.config))
            group = create_group(self.scope, definition, acting_user=next(iter(self.people.values())))
            [detail] = api.describe([group])
            self.assertEqual(detail.state, GroupState.FRESH, detail.state_reason)
            assert detail.rule is not None
            shown = detail.rule["nodes"][0]["config"]
            self.assertEqual(self._parse(shown).config, self._parse(example.config).config)
            self._assert_loaded(group, example)

    def test_criteria_heal_after_their_table_was_dropped(self) -> None:
        """The base row alone is enough to bring a criterion back: uninstalling a plugin loses nothing."""
        for example in self.all_examples:
            group: Any = UserGroupFactory(
                scope=self.scope, rule=rule(criterion(self.criterion_class, **example.config))
            )
            own_rows = self.criterion_class._default_manager.filter(user_group=group)
            own_rows._raw_delete(own_rows.db)
            self._assert_loaded(group, example)

    def test_copies_and_retirements_touch_nothing_else(self) -> None:
        """Re-bound to its own scope a criterion stays as it is, and whom it does not list it need not forget."""
        for config in self.configs:
            parsed = self._parse(config)
            self.assertEqual(parsed.rebound(self.scope, self.scope), Rebound(parsed.config), f"Not the same: {config}")
            self.assertFalse(parsed.forget(-1), f"An account that it does not list is taken out of {config}")

    def _assert_searchable(self, name: str, source: ChoiceSource, text: str) -> list[str]:
        """The values whose pages, count and labels agree, of up to 50 that contain ``text``."""
        about = f"the choices of “{name}” that contain {text!r}"
        count, found = source.count(self.scope, text), source.search(self.scope, text, 50)
        values = [choice.value for choice in found]
        self.assertEqual(min(count, 50), len(values), f"count() and search() must agree about {about}.")
        self.assertEqual(len(set(values)), len(values), f"search() gives a value twice among {about}.")
        pages = [source.search(self.scope, text, 2, offset) for offset in range(0, len(values), 2)]
        paged = [choice.value for page in pages for choice in page]
        self.assertEqual(paged[: len(values)], values, f"The pages of search() must make up the whole of {about}.")
        self.assertEqual(source.search(self.scope, text, 2, count), [], f"There is a page past the end of {about}.")
        resolved = {choice.value: str(choice.label) for choice in source.resolve(self.scope, values)}
        labels = {choice.value: str(choice.label) for choice in found}
        self.assertEqual(resolved, labels, f"resolve() must give the labels of search() to {about}.")
        return values

    def _assert_loaded(self, group: Any, example: Example) -> None:
        loaded = load_rule(group)
        assert loaded is not None
        problems = [leaf.problem for leaf in loaded.leaves() if leaf.problem]
        self.assertEqual(problems, [], f"A saved criterion cannot be read back: {example.config}")
        found = self._named(Evaluation(loaded, self.scope, self.as_of, PlanKind.STATEMENT).ids())
        self.assertEqual(found, frozenset(example.matches), f"Saved, other learners match {example.config}")


def _with(name: str | None) -> str:
    return f" with “{name}”" if name else ""


def _explained_values(explanation: Explanation) -> list[LearnerValue]:
    criteria = (node.criterion for node in explanation.nodes)
    return [value for criterion in criteria if criterion is not None for value in criterion.values]


@functools.cache
def _is_migrated(app_label: str) -> bool:
    """Models and migrations do not change while tests run, and comparing them takes a while: once an app."""
    try:
        call_command("makemigrations", app_label, check=True, dry_run=True, verbosity=0)
    except SystemExit:
        return False
    return True
