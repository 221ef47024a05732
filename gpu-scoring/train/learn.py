"""Learning: batches, losses, the rate, early stopping, and what the best weights say of a part."""

import copy
import json
import sys

import metrics
import tokens
import torch
import transformers
from heads import Model
from transformers import AutoConfig, AutoModel, RobertaConfig, RobertaModel


class Learner:
    """A model on a device, and the documents that it learns from."""

    def __init__(self, options, heads, parts):
        if options.threads:
            torch.set_num_threads(options.threads)
        torch.manual_seed(options.seed)
        torch.use_deterministic_algorithms(True, warn_only=True)
        transformers.logging.set_verbosity_error()
        self.options, self.heads, self.parts = options, heads, parts
        self.device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
        trunk, self.tokenizer = self.trunk()
        self.model = Model(trunk, heads, options.dropout).to(self.device)
        self.n_weights = sum(weight.numel() for weight in self.model.parameters())
        self.pad = trunk.config.pad_token_id or 0
        offset = self.pad + 1 if trunk.config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
        self.max_tokens = min(options.max_tokens, trunk.config.max_position_embeddings - offset)
        self.ids, self.targets = {}, {}
        for part, documents in parts.items():
            self.ids[part] = tokens.encode(self.tokenizer, [document.text for document in documents], self.max_tokens)
            self.targets[part] = [torch.stack([head.target(document) for document in documents]) for head in heads]
        self.pooled = {}

    def trunk(self):
        """The trunk and its tokenizer, read or new."""
        options = self.options
        if options.trunk:
            path = options.trunk / "tokenizer.json"
            if not path.exists():
                raise SystemExit(f"`{options.trunk}` has no tokenizer.json; AutoTokenizer.from_pretrained(…).save_pretrained writes it")
            config = AutoConfig.from_pretrained(options.trunk, local_files_only=True)
            layers = "n_layers" if config.model_type == "distilbert" else "num_hidden_layers"
            if options.layers:
                if options.layers > getattr(config, layers):
                    raise SystemExit(f"`{options.trunk}` has {getattr(config, layers)} layers, not {options.layers}")
                setattr(config, layers, options.layers)
            distilled = config.model_type == "distilbert"
            if options.activation != "own":
                setattr(config, "activation" if distilled else "hidden_act", options.activation)
            for name in ("dropout", "attention_dropout") if distilled else ("hidden_dropout_prob", "attention_probs_dropout_prob"):
                setattr(config, name, options.dropout)
            more = {} if distilled else {"add_pooling_layer": False}
            trunk = AutoModel.from_pretrained(options.trunk, config=config, local_files_only=True, **more).float()
            trunk.config._name_or_path = ""
            tokenizer = tokens.read(path)
        else:
            texts = (document.text for document in self.parts["train"])
            tokenizer = tokens.read(options.tokenizer) if options.tokenizer else tokens.learn(texts, options.words)
            special = {name: tokenizer.token_to_id(name) for name in ("<s>", "<pad>", "</s>")}
            if special != {"<s>": 0, "<pad>": 1, "</s>": 2}:
                raise SystemExit(f"a new trunk wants <s>, <pad>, </s> with the ids 0, 1, 2; the tokenizer has {special}")
            trunk = RobertaModel(self.new_config(tokenizer.get_vocab_size()), add_pooling_layer=False)
        frozen = {"nothing": [], "embeddings": [trunk.embeddings], "all": [trunk]}[options.freeze]
        for part in frozen:
            part.requires_grad_(False)
        return trunk, tokenizer

    def new_config(self, n_words):
        """The sizes of a new trunk."""
        options = self.options
        activation = "gelu_pytorch_tanh" if options.activation == "own" else options.activation
        return RobertaConfig(
            vocab_size=n_words, hidden_size=options.hidden, num_hidden_layers=options.layers or 2,
            num_attention_heads=max(options.hidden // 64, 2), intermediate_size=4 * options.hidden,
            max_position_embeddings=options.max_tokens + 2, type_vocab_size=1, layer_norm_eps=1e-5,
            hidden_act=activation, hidden_dropout_prob=options.dropout, attention_probs_dropout_prob=options.dropout,
        )  # fmt: skip

    def batches(self, part, size, generator=None):
        """Lists of documents of about the same length, in random order when there is a generator."""
        lengths = torch.tensor([len(ids) for ids in self.ids[part]])
        if generator is None:
            return list(lengths.argsort(stable=True).split(size))
        shuffled = torch.randperm(len(lengths), generator=generator)
        pools = [pool[lengths[pool].argsort(stable=True)] for pool in shuffled.split(size * 50)]
        batches = [batch for pool in pools for batch in pool.split(size)]
        return [batches[at] for at in torch.randperm(len(batches), generator=generator)]

    def logits(self, part, batch):
        """What the heads say of some documents of a part."""
        if self.options.freeze == "all":
            return self.model.judge({name: rows[batch.to(self.device)] for name, rows in self.pooled_of(part).items()})
        return self.model(*self.padded(part, batch))

    def padded(self, part, batch):
        rows = [torch.tensor(self.ids[part][at]) for at in batch]
        ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.pad)
        mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
        return ids.to(self.device), mask.to(self.device)

    def pooled_of(self, part):
        """What a frozen trunk says of all documents of a part, which is always the same."""
        if part not in self.pooled:
            self.model.trunk.eval()
            found = {}
            with torch.no_grad():
                for batch in self.batches(part, self.options.batch):
                    for name, rows in self.model.pool(*self.padded(part, batch)).items():
                        table = found.setdefault(name, rows.new_empty(len(self.ids[part]), rows.shape[1]))
                        table[batch.to(self.device)] = rows
            self.pooled[part] = found
        return self.pooled[part]

    def loss(self, part, batch):
        """For each head the sum of losses, and of weights."""
        on_gpu = self.options.bf16 and self.device.type == "cuda"
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=on_gpu):
            logits = self.logits(part, batch)
        targets = (targets[batch].to(self.device) for targets in self.targets[part])
        return [head.loss(*pair) for head, *pair in zip(self.heads, logits, targets)]

    def validate(self):
        """The mean over heads of the mean loss of the validation part."""
        self.model.eval()
        sums = [[0.0, 0.0] for _ in self.heads]
        with torch.no_grad():
            for batch in self.batches("validation", self.options.batch):
                for total, (loss, weight) in zip(sums, self.loss("validation", batch)):
                    total[0] += float(loss)
                    total[1] += float(weight)
        return sum(loss / weight for loss, weight in sums if weight) / len(sums)

    def run(self):
        """Learns until the validation loss falls no more; what happened in each epoch."""
        options = self.options
        from_scratch = options.trunk is None or options.freeze == "all"
        rate = options.rate or (1e-3 if from_scratch else 3e-5)
        head_rate = options.head_rate or (rate if from_scratch else min(10 * rate, 1e-3))
        trunk = [weight for weight in self.model.trunk.parameters() if weight.requires_grad]
        groups = [{"params": self.model.heads.parameters(), "lr": head_rate}]
        groups += [{"params": trunk, "lr": rate}] if trunk else []
        optimizer = torch.optim.AdamW(groups, weight_decay=options.decay)
        n_steps = options.epochs * -(-len(self.ids["train"]) // options.batch)
        n_warm = max(int(options.warmup * n_steps), 1)
        shape = lambda step: min((step + 1) / n_warm, max(n_steps - step, 0) / max(n_steps - n_warm, 1))  # noqa: E731
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, shape)
        generator = torch.Generator().manual_seed(options.seed)
        best, best_weights, epochs, waited = float("inf"), None, [], 0
        for epoch in range(1, options.epochs + 1):
            self.model.train()
            total = n_batches = 0
            for batch in self.batches("train", options.batch, generator):
                # A head of which no document of the batch has a label says nothing.
                losses = [loss / weight for loss, weight in self.loss("train", batch) if weight > 0]
                if losses:
                    loss = sum(losses) / len(self.heads)
                    optimizer.zero_grad()
                    loss.backward()
                    torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                    optimizer.step()
                    total, n_batches = total + loss.item(), n_batches + 1
                scheduler.step()
            validation = self.validate()
            epochs.append({"epoch": epoch, "train_loss": total / max(n_batches, 1), "validation_loss": validation})
            print("epoch {epoch}: loss {train_loss:.4f}, validation {validation_loss:.4f}".format(**epochs[-1]), file=sys.stderr)
            if validation < best:
                best, best_weights, waited = validation, copy.deepcopy(self.model.state_dict()), 0
            else:
                waited += 1
                if waited >= options.patience:
                    break
        if best_weights is None:
            raise SystemExit("the validation loss never was a number; try a lower --rate")
        self.model.load_state_dict(best_weights)
        self.model.eval()
        return epochs

    def say(self, part):
        """The logits of every head for all documents of a part, in their order."""
        self.model.eval()
        found = [torch.empty(len(self.ids[part]), head.n_out) for head in self.heads]
        with torch.no_grad():
            for batch in self.batches(part, self.options.batch):
                for table, logits in zip(found, self.logits(part, batch)):
                    table[batch] = logits.float().cpu()
        return found

    def measure(self, part):
        """The metrics of every head on a part."""
        measured = {}
        for head, logits, targets in zip(self.heads, self.say(part), self.targets[part]):
            known = ~targets[:, 0].isnan()
            measured[head.name] = metrics.measure(head, logits[known].numpy(), targets[known].numpy())
        return measured

    def write(self, folder):
        """Writes model and tokenizer."""
        tokens.write(self.tokenizer, folder)
        self.model.write(folder)

    def write_test(self, path):
        """Ids and logits of the test documents, one a line, each by itself."""
        with open(path, "w", encoding="utf8") as file, torch.no_grad():
            for document, ids in zip(self.parts["test"], self.ids["test"]):
                row = torch.tensor([ids], device=self.device)
                logits = self.model(row, torch.ones_like(row))
                said = {head.name: row[0].tolist() for head, row in zip(self.heads, logits)}
                file.write(json.dumps({"text": document.text, "ids": ids, "logits": said}, ensure_ascii=False) + "\n")

    def trunk_facts(self):
        """The sizes of the trunk."""
        config = self.model.trunk.config
        return {
            "family": config.model_type, "read from": str(self.options.trunk or "made from scratch"),
            "layers": config.num_hidden_layers, "hidden": config.hidden_size, "words": config.vocab_size,
            "tokens at most": self.max_tokens, "weights, with heads": self.n_weights,
        }  # fmt: skip

    def facts(self):
        """What it was done with."""
        return {"device used": str(self.device), "torch": torch.__version__, "transformers": transformers.__version__}
