"""What goes over the wire: strict serializers for requests, plain ones for answers, one module a subject.

Serializers of answers also document what the core hands over as ready JSON (a rule, the metadata document).
"""
