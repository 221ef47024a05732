"""Loads a release as users do, with nothing but its folder, and prints what there is as JSON, one configuration a line."""

import json
import sys
import tempfile

import pyarrow.parquet
import yaml
from datasets import get_dataset_config_names, load_dataset, load_dataset_builder
from datasets.info import DatasetInfosDict
from datasets.utils.metadata import MetadataConfigs
from huggingface_hub import DatasetCard


def main(folder):
    card = DatasetCard.load(f"{folder}/README.md")
    # The parser of the library and a plain one agree.
    assert yaml.safe_load(card.content.split("---\n")[1])["license"] == card.data.license
    assert card.data.task_categories == ["text-generation"], card.data.task_categories
    assert all(isinstance(code, str) for code in card.data.language or []), card.data.language
    configs = MetadataConfigs.from_dataset_card_data(card.data)
    infos = DatasetInfosDict.from_dataset_card_data(card.data)
    names = get_dataset_config_names(folder)
    assert sorted(configs) == sorted(infos) == sorted(names), (configs, infos, names)
    for name in sorted(names):
        with tempfile.TemporaryDirectory() as cache:
            # This checks the number of documents of the split against the card.
            data = load_dataset(folder, name, split="train", cache_dir=cache, verification_mode="all_checks")
            builder = load_dataset_builder(folder, name, cache_dir=cache)
            assert builder.info.features == data.features == infos[name].features, (data.features, infos[name].features)
            files = [file for files in builder.config.data_files.values() for file in files]
            for file in files:
                if file.endswith(".parquet"):
                    check(pyarrow.parquet.ParquetFile(file), data.features)
            rows = [[row["id"], row["url"], row["language"], row["text"]] for row in data]
            ours = infos[name].splits["train"]
            line = {"config": name, "n_files": len(files), "rows": rows, "columns": data.column_names,
                    "num_bytes": ours.num_bytes, "nbytes": data.data.nbytes, "language": card.data.language,
                    "pretty_name": card.data.pretty_name, "size": card.data.size_categories}
            print(json.dumps(line))


def check(file, features):
    """A file says of itself what readers skip by, and holds plain columns."""
    schema = file.schema_arrow
    assert schema.names == list(features), schema
    assert str(schema.field("text").type) == "string", schema
    for group in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(group)
        columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
        assert columns["text"].compression == "ZSTD"
        assert columns["language"].is_stats_set and columns["date"].is_stats_set
        assert columns["language"].has_offset_index and columns["language"].has_column_index


main(sys.argv[1])
