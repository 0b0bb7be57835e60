"""Release the sessions that passed every stage."""

from unface.identity.withdrawn import linked, naming_nobody, remaining_sessions
from unface.release import data_dictionary, given_columns, published_settings
from unface.release.dataset import Metadata
from unface.release.gate import release
from unface.release.verdicts import closing_words
from unface.review import ratings
from unface.run import settings, unread
from unface.run.fingerprints import of_conversions
from unface.run.job import Job

job = Job.of_this_script()
rules = settings.mapping_rules(job.config)
options = job.settings.deidentify.options
columns = given_columns.read(settings.named_file(job.config, "subjects"), options)
verdicts = release(
    job.layout,
    sessions=remaining_sessions(job.config, job.layout),
    fingerprints=job.params["fingerprints"],
    conversions=of_conversions(job.config, job.layout),
    metadata=Metadata(
        settings=job.settings.release,
        options=options,
        columns=columns,
        dictionary=data_dictionary.read(settings.named_file(job.config, "release.data_dictionary"), columns),
        published=published_settings.texts(job.config, job.params["fingerprints"], rules),
        page_title=job.settings.report.title,
    ),
    rated=ratings.read(settings.named_file(job.config, "ratings")),
    ignore=job.settings.audit.ignore,
    notes=[
        naming_nobody(settings.named_file(job.config, "withdrawal.subjects"), linked(job.layout)),
        unread.of_last_inventory(job.layout),
    ],
)
published_settings.keep(job.config, rules, job.layout.last_settings)
job.say(closing_words(verdicts))
