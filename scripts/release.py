"""Release the sessions that passed every stage."""

from unface.identity.withdrawn import linked, naming_nobody, remaining_sessions
from unface.release import published_settings
from unface.release.gate import release, summary
from unface.review import ratings
from unface.run import settings
from unface.run.fingerprints import of_conversions
from unface.run.job import Job

job = Job.of_this_script()
rules = settings.mapping_rules(job.config)
verdicts = release(
    job.layout,
    sessions=remaining_sessions(job.config, job.layout),
    fingerprints=job.params["fingerprints"],
    conversions=of_conversions(job.config, job.layout),
    settings=job.settings.release,
    deidentify_options=job.settings.deidentify.options,
    ignore=job.settings.audit.ignore,
    subjects=settings.named_file(job.config, "subjects"),
    settings_texts=published_settings.texts(job.config, job.params["fingerprints"], rules),
    data_dictionary=settings.named_file(job.config, "release.data_dictionary"),
    rated=ratings.read(settings.named_file(job.config, "ratings")),
    notes=[naming_nobody(settings.named_file(job.config, "withdrawal.subjects"), linked(job.layout))],
)
published_settings.keep(job.config, rules, job.layout.last_settings)
job.say(summary(verdicts))
