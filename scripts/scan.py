"""Read the headers of one share of the raw folders."""

from unface.inventory.scan import scan
from unface.run.job import Job
from unface.run.settings import dicom_folder

job = Job.of_this_script()
scan(dicom_folder(job.config), job.layout, shard=int(job.wildcards["shard"]), shards=job.params["shards"])
