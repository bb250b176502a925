from django.db import migrations, models

from reviews.guards import GUARDS, install


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0007_how_a_search_was_read'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='event',
            name='event_verb_known',
        ),
        migrations.AlterField(
            model_name='event',
            name='verb',
            field=models.CharField(choices=[('person.signed_up', 'Person Signed Up'), ('review.created', 'Review Created'), ('review.changed', 'Review Changed'), ('protocol.changed', 'Protocol Changed'), ('member.invited', 'Member Invited'), ('invitation.revoked', 'Invitation Revoked'), ('member.joined', 'Member Joined'), ('member.role_changed', 'Member Role Changed'), ('member.left', 'Member Left'), ('search.imported', 'Search Imported'), ('search.withdrawn', 'Search Withdrawn'), ('search.restored', 'Search Restored'), ('search.described', 'Search Described'), ('record.corrected', 'Record Corrected'), ('record.removed', 'Record Removed'), ('record.restored', 'Record Restored'), ('rule.added', 'Rule Added'), ('rule.replaced', 'Rule Replaced'), ('rule.retired', 'Rule Retired'), ('rules.reordered', 'Rules Reordered'), ('rules.applied', 'Rules Applied'), ('rules.undone', 'Rules Undone'), ('record.put_up_again', 'Record Put Up Again'), ('duplicates.sought', 'Duplicates Sought'), ('duplicate.linked', 'Duplicate Linked'), ('duplicate.unlinked', 'Duplicate Unlinked'), ('pair.judged', 'Pair Judged'), ('criterion.added', 'Criterion Added'), ('criterion.retired', 'Criterion Retired'), ('criterion.reworded', 'Criterion Reworded'), ('criteria.reordered', 'Criteria Reordered'), ('pilot.drawn', 'Pilot Drawn'), ('pilot.closed', 'Pilot Closed'), ('run.started', 'Run Started'), ('run.cancelled', 'Run Cancelled'), ('run.retried', 'Run Retried'), ('proposal.made', 'Proposal Made'), ('proposal.failed', 'Proposal Failed'), ('decision.made', 'Decision Made'), ('decision.withdrawn', 'Decision Withdrawn'), ('decisions.brought', 'Decisions Brought'), ('decisions.sent_back', 'Decisions Sent Back'), ('decisions.returned', 'Decisions Returned'), ('decision.brought', 'Decision Brought'), ('decision.sent_back', 'Decision Sent Back'), ('decision.returned', 'Decision Returned'), ('conflict.resolved', 'Conflict Resolved'), ('resolution.reopened', 'Resolution Reopened'), ('report.retrieved', 'Report Retrieved'), ('report.not_retrieved', 'Report Not Retrieved'), ('report.sought_again', 'Report Sought Again'), ('study.named', 'Study Named'), ('report.linked', 'Report Linked'), ('form.drafted', 'Form Drafted'), ('form.changed', 'Form Changed'), ('form.published', 'Form Published'), ('value.given', 'Value Given'), ('value.withdrawn', 'Value Withdrawn'), ('sheet.submitted', 'Sheet Submitted'), ('sheet.reopened', 'Sheet Reopened'), ('consensus.reached', 'Consensus Reached'), ('consensus.reopened', 'Consensus Reopened'), ('exported', 'Exported')], max_length=40),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['person.signed_up', 'review.created', 'review.changed', 'protocol.changed', 'member.invited', 'invitation.revoked', 'member.joined', 'member.role_changed', 'member.left', 'search.imported', 'search.withdrawn', 'search.restored', 'search.described', 'record.corrected', 'record.removed', 'record.restored', 'rule.added', 'rule.replaced', 'rule.retired', 'rules.reordered', 'rules.applied', 'rules.undone', 'record.put_up_again', 'duplicates.sought', 'duplicate.linked', 'duplicate.unlinked', 'pair.judged', 'criterion.added', 'criterion.retired', 'criterion.reworded', 'criteria.reordered', 'pilot.drawn', 'pilot.closed', 'run.started', 'run.cancelled', 'run.retried', 'proposal.made', 'proposal.failed', 'decision.made', 'decision.withdrawn', 'decisions.brought', 'decisions.sent_back', 'decisions.returned', 'decision.brought', 'decision.sent_back', 'decision.returned', 'conflict.resolved', 'resolution.reopened', 'report.retrieved', 'report.not_retrieved', 'report.sought_again', 'study.named', 'report.linked', 'form.drafted', 'form.changed', 'form.published', 'value.given', 'value.withdrawn', 'sheet.submitted', 'sheet.reopened', 'consensus.reached', 'consensus.reopened', 'exported'])), name='event_verb_known'),
        ),
        migrations.RunPython(*install(GUARDS)),
    ]
