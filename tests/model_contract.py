"""What every model must satisfy; a test class passes by supplying a factory."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest
import torch

from paper_nas.artifacts import read_tensors, write_tensors
from paper_nas.graphs import GraphBatch
from paper_nas.models import GraphVae, build_model
from paper_nas.models.weights import load_model_weights, model_weights
from paper_nas.space import EnasSpace
from tests.samples import mixed_architectures


class ModelContract:
    """Subclass it, name the class ``Test...``, and set ``name``; override ``build`` if need be."""

    name: ClassVar[str]
    hidden_size: ClassVar[int] = 24
    latent_size: ClassVar[int] = 12
    impossible_bits: ClassVar[bool] = False
    """Whether the loss counts the bits that no DAG can set, as the sequence models do."""

    def build(self, seed: int = 0, max_vertices: int = 8, **settings: object) -> GraphVae:
        return build_model(
            self.name,
            hidden_size=self.hidden_size,
            latent_size=self.latent_size,
            max_vertices=max_vertices,
            seed=seed,
            **settings,  # type: ignore[arg-type]
        )

    def batch(self, count: int = 12) -> GraphBatch:
        return GraphBatch.from_architectures(mixed_architectures(count))

    def decided(self) -> torch.Tensor:
        """The entries of the edge logits that the loss counts, ``[8, 8]``."""
        decided = torch.ones(8, 8).triu(1).bool()
        if self.impossible_bits:
            decided[:7, 1:] = True
        return decided

    def test_shapes(self) -> None:
        model, batch = self.build(), self.batch()
        mean, log_variance = model.encode(batch)
        assert mean.shape == log_variance.shape == (12, self.latent_size)
        types, edges = model.teacher_forced_logits(batch, mean)
        assert types.shape == (12, 7, 8)
        assert edges.shape == (12, 8, 8)
        decided = self.decided()
        assert bool(edges[:, decided].isfinite().all())
        assert bool(edges[:, ~decided].isnan().all())
        assert len(model.decode(mean)) == 12

    def test_the_loss_is_a_sum_and_adds_up(self) -> None:
        model, batch = self.build(), self.batch()
        elbo, terms = model.elbo_with_terms(batch, noise=False, beta=0.1)
        torch.testing.assert_close(elbo.total, elbo.reconstruction + 0.1 * elbo.kl)
        torch.testing.assert_close(elbo.reconstruction, terms.total)
        one_by_one = [model.elbo(batch[i], noise=False, beta=0.1) for i in range(12)]
        total = sum(part.total for part in one_by_one)
        torch.testing.assert_close(elbo.total, total, rtol=1e-5, atol=1e-4)
        assert elbo.kl.item() > 0

    def test_the_loss_is_the_likelihood_of_the_logits(self) -> None:
        model, batch = self.build(), self.batch()
        mean, _ = model.encode(batch)
        types, edges = model.teacher_forced_logits(batch, mean)
        chosen = types.log_softmax(2).gather(2, batch.types[:, 1:, None])
        sign = 2 * batch.adjacency - 1
        logs = torch.nn.functional.logsigmoid(sign * edges)[:, self.decided()]
        expected = -chosen.sum() - logs.sum()
        torch.testing.assert_close(model.elbo(batch, noise=False).reconstruction, expected)

    def test_gradients_reach_every_parameter(self) -> None:
        model = self.build()
        model.elbo(self.batch(), noise=False).total.backward()
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None, name
            assert bool(parameter.grad.isfinite().all()), name
            assert bool((parameter.grad != 0).any()), name

    def test_gradients_are_those_of_finite_differences(self) -> None:
        model, batch = self.build().double(), self.batch(4)

        def loss() -> torch.Tensor:
            return model.elbo(batch, noise=False).total

        loss().backward()
        generator = torch.Generator().manual_seed(0)
        for name, parameter in model.named_parameters():
            assert parameter.grad is not None
            direction = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            slope = (parameter.grad * direction).sum().item()
            with torch.no_grad():
                parameter.add_(direction, alpha=1e-6)
                above = loss().item()
                parameter.sub_(direction, alpha=2e-6)
                below = loss().item()
                parameter.add_(direction, alpha=1e-6)
            assert slope == pytest.approx((above - below) / 2e-6, rel=1e-4, abs=1e-4), name

    def test_padding_changes_nothing_in_the_encoder(self) -> None:
        model, batch = self.build(), self.batch()
        for i in range(len(batch)):
            alone = model.encode(batch[i])[0]
            torch.testing.assert_close(alone, model.encode(batch)[0][[i]], rtol=1e-5, atol=1e-6)

    def test_the_order_of_a_batch_does_not_matter(self) -> None:
        model, batch = self.build(), self.batch()
        order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
        mean, shuffled = model.encode(batch)[0], model.encode(batch[order])[0]
        torch.testing.assert_close(mean[order], shuffled)

    def test_determinism_and_seeds(self) -> None:
        state = torch.random.get_rng_state()
        first, second, other = self.build(3), self.build(3), self.build(4)
        assert torch.equal(state, torch.random.get_rng_state())
        weights = [torch.cat([p.flatten() for p in m.parameters()]) for m in (first, second, other)]
        assert torch.equal(weights[0], weights[1])
        assert not torch.equal(weights[0], weights[2])
        batch = self.batch()
        noise = [torch.Generator().manual_seed(s) for s in (0, 0, 1)]
        losses = [first.elbo(batch, generator=g).total.item() for g in noise]
        assert losses[0] == losses[1] != losses[2]

    def test_sampling_uses_the_generator_only(self) -> None:
        model = self.build()
        latents = torch.randn(40, self.latent_size, generator=torch.Generator().manual_seed(0))
        state = torch.random.get_rng_state()
        draws = [
            model.decode(latents, sample=True, generator=torch.Generator().manual_seed(s))
            for s in (0, 0, 1)
        ]
        assert torch.equal(state, torch.random.get_rng_state())
        assert bool(draws[0].equals(draws[1]).all())
        assert not bool(draws[0].equals(draws[2]).all())

    def test_decoding_does_not_depend_on_the_batch(self) -> None:
        model = self.build()
        latents = torch.randn(300, self.latent_size, generator=torch.Generator().manual_seed(0))
        together, empty = model.decode(latents), model.decode(latents[:0])
        alone = GraphBatch.concatenate([model.decode(z[None]) for z in latents[[0, 100, 299]]])
        assert len(empty) == 0
        assert bool(together[[0, 100, 299]].equals(alone).all())

    def test_greedy_decoding_takes_the_likeliest_decisions(self) -> None:
        """Teacher forcing on a decoded graph must give that graph's decisions back."""
        model = self.build(seed=2)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(2.5)
        latents = 2 * torch.randn(60, self.latent_size, generator=torch.Generator().manual_seed(0))
        decoded = model.decode(latents)
        full = decoded.num_vertices == 8
        assert bool(full.any())
        decoded, latents = decoded[full], latents[full]
        types, edges = model.teacher_forced_logits(decoded, latents)
        assert torch.equal(types[:, :6].argmax(2), decoded.types[:, 1:7])
        inner = torch.ones(7, 7).triu(1).bool()
        expected = decoded.adjacency[:, :7, :7][:, inner] > 0
        assert torch.equal(edges[:, :7, :7][:, inner] > 0, expected)

    def test_an_ended_graph_has_no_loose_ends(self) -> None:
        model = self.build()
        latents = torch.randn(300, self.latent_size, generator=torch.Generator().manual_seed(0))
        graphs = model.decode(latents, sample=True, generator=torch.Generator().manual_seed(0))
        assert len(set(graphs.num_vertices.tolist())) > 1
        last = graphs.num_vertices - 1
        rows = torch.arange(len(graphs))
        assert bool((graphs.types[rows, last] == 1).all())
        inner = torch.arange(8) < last[:, None]
        assert bool((graphs.adjacency.sum(2) > 0)[inner].all())

    def test_a_tiny_set_is_reproduced(self) -> None:
        model = self.build(operation_scale=5.0)
        batch = GraphBatch.from_architectures(EnasSpace().sample(8, seed=3))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
        generator = torch.Generator().manual_seed(0)
        for step in range(500):
            optimizer.zero_grad()
            elbo = model.elbo(batch, generator=generator)
            elbo.total.backward()
            optimizer.step()
            if step % 25 == 24 and bool(model.decode(model.encode(batch)[0]).equals(batch).all()):
                return
        pytest.fail(f"reconstruction loss after 500 steps: {elbo.reconstruction.item():.3f}")

    def test_weights_survive_a_file(self, tmp_path: Path) -> None:
        model, other = self.build(1), self.build(2)
        write_tensors(tmp_path / "weights.safetensors", model_weights(model))
        load_model_weights(other, read_tensors(tmp_path / "weights.safetensors")[0])
        batch = self.batch()
        assert torch.equal(model.encode(batch)[0], other.encode(batch)[0])

    def test_other_sizes_work(self) -> None:
        model = self.build(max_vertices=14)
        batch = GraphBatch.from_architectures(EnasSpace(12).sample(3), 14)
        mean, _ = model.encode(batch)
        assert len(model.decode(mean)) == 3
        assert bool(model.elbo(batch).total.isfinite())

    def test_misfits_are_refused(self) -> None:
        model, batch = self.build(), self.batch()
        wrong = GraphBatch.from_architectures(mixed_architectures(2, max_layers=3), 5)
        with pytest.raises(ValueError, match="padded to 5"):
            model.encode(wrong)
        with pytest.raises(ValueError, match="latents must be"):
            model.decode(torch.zeros(2, self.latent_size + 1))
        with pytest.raises(ValueError, match="3 latents for 12"):
            model.teacher_forced_logits(batch, torch.zeros(3, self.latent_size))
