"""Why did the net say that? Maps of the pixels that matter, pictures that units like, and tests of the maps.

    image → net → score ─┬─ gradients: saliency, input × gradient, SmoothGrad, integrated gradients
                         ├─ rectified: guided backpropagation and the deconvnet
                         ├─ occluded:  what is lost where a patch is covered
                         ├─ maps:      activations and Grad-CAM of a layer
                         └─ maximised: the image that a unit likes best
            maps of pixels → sanity: do they depend on the weights? do they find what the score rests on?

A net is explained as it is used: in eval mode, by the score before softmax. It is left as it was: mode,
weights, gradients, hooks, also where an error is raised. Chapter 22 builds the ideas by hand.
"""

from cnncourse.explain.gradients import input_times_gradient, integrated_gradients, saliency, smooth_grad
from cnncourse.explain.maps import activations, grad_cam
from cnncourse.explain.maximised import maximise
from cnncourse.explain.occluded import occlusion
from cnncourse.explain.rectified import deconvnet, guided_backprop
from cnncourse.explain.sanity import cascade, deletion, randomised, similarity

__all__ = [
    "activations",
    "cascade",
    "deconvnet",
    "deletion",
    "grad_cam",
    "guided_backprop",
    "input_times_gradient",
    "integrated_gradients",
    "maximise",
    "occlusion",
    "randomised",
    "saliency",
    "similarity",
    "smooth_grad",
]
